using OnnxKd.Pipeline.Commands;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Commands;

public class CommandLineTests
{
    [Theory]
    [InlineData("rnu", "unknown word: rnu", "did you mean 'run'?")]
    [InlineData("run --epohcs 3", "unknown word: --epohcs", "did you mean '--epochs'?")]
    [InlineData("report x --jsno", "unknown word: --jsno", "did you mean '--json'?")]
    [InlineData("report x --completely-different", "unknown word", "see 'onnxkd report --help'")]
    [InlineData("report", "Required argument missing", "see 'onnxkd report --help'")]
    [InlineData("run x.yaml --seed", "--seed", "see 'onnxkd run --help'")]
    [InlineData("data fetch", "Required argument missing", "see 'onnxkd data fetch --help'")]
    [InlineData("", "Required command", "see 'onnxkd --help'")]
    public void Invoke_BadUsage_IsTwoWithAHint(string line, params string[] expected)
    {
        var error = Cli.Fails(2, line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.All(expected, part => Assert.Contains(part, error));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("run --help")]
    [InlineData("cache info --help")]
    public void Help_EveryCommand_EndsInExamples(string line)
    {
        var help = Cli.Done(line.Split(' ')).Output;

        Assert.Contains("Examples:", help);
        Assert.Contains("  onnxkd ", help);
    }

    [Fact]
    public void Invoke_EmptyValue_IsTwo() => Assert.Contains("see 'onnxkd prepare images --help'", Cli.Fails(2, "prepare", "images", "in", "-o", ""));

    [Theory]
    [InlineData("objective", "| `soft` |")]
    [InlineData("optimizer", "| `adamw` |")]
    [InlineData("schedule", "| `cosine` |")]
    [InlineData("student", "# students")]
    [InlineData("data", "# preprocessing")]
    public void Settings_OfAKeyOfRecipes_ShowsItsTables(string key, string expected) => Assert.Contains(expected, Cli.Done("settings", key).Output);

    [Fact]
    public void Settings_OfAKeyWithoutATable_SaysWhereItIsExplained() => Assert.Contains("docs/recipes.md", Cli.Fails(2, "settings", "xyz"));

    /// <summary>A name with everything that it may be would push all descriptions off the screen.</summary>
    [Theory]
    [InlineData("run --help", "--architecture <NAME>", "resnet8,")]
    [InlineData("data fetch --help", "<NAME>", "mnist,")]
    [InlineData("settings --help", "<SECTION>", "optimizers,")]
    public void Help_WhereManyWordsMayBeGiven_ListsThemInTheDescription(string line, string name, string word)
    {
        var help = Cli.Done(line.Split(' ')).Output;
        var described = Assert.Single(help.Split('\n'), line => line.TrimStart().StartsWith(name, StringComparison.Ordinal));
        Assert.Contains(word, described);
        Assert.InRange(described.IndexOf("One of", StringComparison.Ordinal), 1, 120);
    }

    [Fact]
    public void Help_OfAllCommands_FitsAScreen() => Assert.All(
        Cli.Done("--help").Output.Split('\n').Where(line => line.StartsWith("  settings", StringComparison.Ordinal)), line => Assert.StartsWith("  settings <SECTION>", line));

    [Fact]
    public void Invoke_Cancelled_Is130()
    {
        using var project = new LabelledData();

        var result = Cli.Run(new CancellationToken(canceled: true), "train", project.Recipe, "--runs", project.Runs);

        Assert.Equal(130, result.ExitCode);
        Assert.Contains("the same command goes on from there", result.Error);
    }

    [Fact]
    public void Invoke_Verbose_ShowsTheStackTrace() => Assert.Contains("   at OnnxKd", Cli.Run("run", "missing.yaml", "--verbose").Error);

    [Fact]
    public async Task Invoke_FullDiskAtTheOutput_IsTheMachineAndSaysSo()
    {
        using var project = new LabelledData();
        // Only the file is closed: the writer would try to write what it could not write before.
        await using var device = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var full = new StreamWriter(device) { AutoFlush = true };
        var error = new StringWriter();

        var code = await CommandLine.InvokeAsync(
            ["train", project.Recipe, "--runs", project.Runs, "--json"],
            new OutputConfiguration { Output = full, Error = error },
            CancellationToken.None);

        Assert.Equal(2, code);
        Assert.Contains("could not be written to stdout", error.ToString());
        Assert.DoesNotContain("   at ", error.ToString());
    }

    [Fact]
    public async Task Invoke_Defect_IsOneAndAsksForVerbose()
    {
        using var project = new LabelledData();
        var error = new StringWriter();

        var code = await CommandLine.InvokeAsync(
            ["train", project.Recipe, "--runs", project.Runs],
            new OutputConfiguration { Output = new ThrowingWriter(), Error = error },
            CancellationToken.None);

        Assert.Equal(1, code);
        Assert.Contains("--verbose", error.ToString());
    }

    private sealed class ThrowingWriter : StringWriter
    {
        public override void WriteLine(string? value) => throw new InvalidOperationException("a defect");
    }

    /// <summary>Data and a recipe of one short training, without a teacher.</summary>
    private sealed class LabelledData : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public LabelledData()
        {
            Blobs.Write(folder.Path, "train", 30, seed: 1);
            Blobs.Write(folder.Path, "test", 30, seed: 2);
            folder.Write("r.yaml", TinyProject.TeacherRecipe);
        }

        public string Recipe => folder["r.yaml"];

        public string Runs => folder["runs"];

        public void Dispose() => folder.Dispose();
    }
}
