using System.Diagnostics;
using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>The quick form of <c>benchmarks/run.sh papers</c>: every experiment is run, and those whose direction shows at this size show it.</summary>
public sealed class PapersTests : IDisposable
{
    // Built beside these tests, in the same configuration.
    private static readonly string program = Path.Combine(
        Repository.Root, "benchmarks", Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "Pipeline.Tests"), AppContext.BaseDirectory), "OnnxKd.Benchmarks.dll");

    private readonly TemporaryFolder runs = new();

    [Fact]
    public async Task Papers_Quick_ShowTheDirections()
    {
        var experiments = JsonDocument.Parse(await Run("--quick", "--json")).RootElement.GetProperty("experiments").EnumerateArray()
            .ToDictionary(experiment => experiment.GetProperty("experiment").GetString()!, Values);

        var (noThrees, sevens) = (experiments["no-threes"], experiments["sevens-and-eights"]);
        Assert.True(noThrees[2] < noThrees[0] && noThrees[3] < noThrees[1], $"no threes: {string.Join(", ", noThrees)}");
        Assert.True(sevens[1] < sevens[0], $"sevens and eights: {string.Join(", ", sevens)}");
        Assert.True(experiments["few-labels"] is [var hard, var soft] && soft < hard, $"few labels: {string.Join(", ", experiments["few-labels"])}");
        Assert.True(experiments["mnist"] is [var teacher, _, var student] && student < 2 * teacher, $"mnist: {string.Join(", ", experiments["mnist"])}");
        Assert.All(experiments.Values, values => Assert.NotEmpty(values));
        // Each of the page's parts is one of the experiments; that of 600 classes needs pictures that a script draws, and has no quick form.
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "experiments.md"));
        Assert.Equal(experiments.Keys, page.Split("<!-- papers: ").Skip(1).Select(part => part[..part.IndexOf(" -->", StringComparison.Ordinal)])
            .Where(name => name != "specialists-kanji"));
    }

    public void Dispose() => runs.Dispose();

    private static double[] Values(JsonElement experiment) =>
        [.. experiment.GetProperty("lines").EnumerateArray().SelectMany(line => line.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()))];

    private async Task<string> Run(params string[] options)
    {
        using var papers = Process.Start(new ProcessStartInfo("dotnet", [program, "papers", "--runs", runs.Path, .. options])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var errors = papers.StandardError.ReadToEndAsync();
        var output = await papers.StandardOutput.ReadToEndAsync();
        await papers.WaitForExitAsync();
        Assert.True(papers.ExitCode == 0, await errors);
        return output;
    }
}
