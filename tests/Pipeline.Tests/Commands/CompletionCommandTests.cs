using System.Diagnostics;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Commands;

public sealed class CompletionCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("sw", "sweep")]
    [InlineData("cache in", "info")]
    [InlineData("run --ep", "--epochs")]
    [InlineData("run r.yaml --lr 0.1 --arch", "--architecture")]
    [InlineData("cache info --verb", "--verbose")]
    [InlineData("completion z", "zsh")]
    [InlineData("export r.yaml --outp", "--outputs --output")]
    [InlineData("benchmark m.onnx --device cu", "cuda")]
    [InlineData("settings opti", "optimizers")]
    [InlineData("run --no-such", "")]
    public void Bash_OfAnUnfinishedLine_OffersWhatTheCommandsHave(string line, string expected) => Assert.Equal(expected, Complete(line));

    /// <summary>Options that take files, and arguments of which nothing is known, are completed to files.</summary>
    [Theory]
    [InlineData("run --samples ima")]
    [InlineData("inspect ima")]
    public void Bash_OfAFile_OffersFiles(string line)
    {
        folder.Write("images.npy", "");

        Assert.Equal("images.npy", Complete(line));
    }

    /// <summary>--help lists the commands from the same tree, by other code.</summary>
    [Fact]
    public void Bash_OfNothing_OffersEveryCommandOfTheHelp()
    {
        var help = Cli.Done("--help").Output;
        var listed = help[help.IndexOf("Commands:", StringComparison.Ordinal)..help.IndexOf("Examples:", StringComparison.Ordinal)]
            .Split('\n').Skip(1).Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' ').Select(line => line.Trim().Split(' ')[0]);

        Assert.Equal(listed.Order(), Complete("").Split(' ').Order());
    }

    [Theory]
    [InlineData("zsh", "compdef _onnxkd onnxkd")]
    [InlineData("pwsh", "Register-ArgumentCompleter")]
    public void Script_OfOtherShells_NamesEveryCommand(string shell, string registration)
    {
        var script = Cli.Done("completion", shell).Output;

        Assert.Contains(registration, script);
        Assert.All(["sweep", "cache info", "prepare images", "--learning-rate-free"], word => Assert.Equal(word[0] != '-', script.Contains(word)));
    }

    [Fact]
    public void Completion_OfAnUnknownShell_ListsTheKnown() => Assert.Contains("'bash'", Cli.Fails(2, "completion", "fish"));

    private string Complete(string line)
    {
        folder.Write("onnxkd.bash", Cli.Done("completion", "bash").Output);
        string[] words = ["onnxkd", .. line.Split(' ')];
        var probe = $"set -u; source onnxkd.bash; COMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))}); COMP_CWORD={words.Length - 1}; _onnxkd; echo \"${{COMPREPLY[*]-}}\"";
        using var bash = Process.Start(new ProcessStartInfo("bash", ["--norc", "-c", probe]) { WorkingDirectory = folder.Path, RedirectStandardOutput = true })!;
        var output = bash.StandardOutput.ReadToEnd().Trim();
        bash.WaitForExit();
        Assert.Equal(0, bash.ExitCode);
        return output;
    }

    public void Dispose() => folder.Dispose();
}
