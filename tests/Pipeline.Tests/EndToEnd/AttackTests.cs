using System.Diagnostics;
using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>The short form of <c>benchmarks/run.sh attack</c>: mutants of models, recipes and sets, and damage to the files of runs.</summary>
public sealed class AttackTests
{
    // Built beside these tests, in the same configuration.
    private static readonly string program = Path.Combine(
        Repository.Root, "benchmarks", Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "Pipeline.Tests"), AppContext.BaseDirectory), "OnnxKd.Benchmarks.dll");

    [Fact]
    public async Task Attack_Quick_NothingCrashesHangsOrPassesUnnoticed()
    {
        using var attack = Process.Start(new ProcessStartInfo("dotnet", [program, "attack", "--quick", "--json"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var errors = attack.StandardError.ReadToEndAsync();
        var output = await attack.StandardOutput.ReadToEndAsync();
        await attack.WaitForExitAsync();

        Assert.True(attack.ExitCode == 0, await errors);
        var figures = JsonDocument.Parse(output).RootElement;
        Assert.Empty(figures.GetProperty("failures").EnumerateArray().Select(failure => failure.GetString()));
        Assert.All(figures.GetProperty("cases").EnumerateObject(), cases => Assert.InRange(cases.Value.GetInt64(), 100, long.MaxValue));
        Assert.All(
            ["accepted", "refused"], // else nothing was tried, or nothing was found
            outcome => Assert.All(figures.GetProperty(outcome).EnumerateObject(), cases => Assert.InRange(cases.Value.GetInt64(), 1, long.MaxValue)));
    }
}
