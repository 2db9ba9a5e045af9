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

    /// <summary>zsh's own completion, in a terminal of its own, with Tab typed behind the line.</summary>
    [ShellTheory("zsh")]
    [InlineData("onnxkd comple", "onnxkd completion")]
    [InlineData("onnxkd cache in", "onnxkd cache info")]
    [InlineData("onnxkd run --ep", "onnxkd run --epochs")]
    [InlineData("onnxkd completion z", "onnxkd completion zsh")]
    [InlineData("onnxkd inspect ima", "onnxkd inspect images.npy")]
    [InlineData("onnxkd benchmark m.onnx --device cud", "onnxkd benchmark m.onnx --device cuda")]
    [InlineData("onnxkd no-such", "onnxkd no-such")]
    public void Zsh_TabBehindAnUnfinishedLine_CompletesIt(string line, string expected)
    {
        folder.Write("onnxkd.zsh", Cli.Done("completion", "zsh").Output);
        folder.Write("images.npy", "");
        // A widget behind Tab tells what the line has become.
        var probe = folder.Write("probe.zsh", $$"""
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell "PS1=; unsetopt beep; autoload -U compinit; compinit -u -D; source $PWD/onnxkd.zsh"
            zpty -w shell 'tell() { zle expand-or-complete; print -r -- "$BUFFER" > told.part; mv told.part told; }; zle -N tell; bindkey "^I" tell; print ready > ready'
            until [[ -f ready ]]; do zpty -r -t shell ignored; sleep 0.1; done
            zpty -w -n shell $'{{line}}\t'
            for i in {1..300}; do [[ -f told ]] && break; zpty -r -t shell ignored; sleep 0.1; done
            cat told
            zpty -d shell
            """);
        using var zsh = Process.Start(new ProcessStartInfo("zsh", ["-f", probe]) { WorkingDirectory = folder.Path, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = zsh.StandardOutput.ReadToEnd();
        zsh.WaitForExit();

        Assert.Equal(expected, output.Trim());
    }

    [ShellTheory("pwsh")]
    [InlineData("onnxkd sw", "sweep")]
    [InlineData("onnxkd cache in", "info")]
    [InlineData("onnxkd run --ep", "--epochs")]
    [InlineData("onnxkd benchmark m.onnx --device cu", "cuda")]
    [InlineData("onnxkd no-such", "")]
    public void PowerShell_OfAnUnfinishedLine_OffersWhatTheCommandsHave(string line, string expected)
    {
        folder.Write("onnxkd.ps1", Cli.Done("completion", "pwsh").Output);
        var probe = folder.Write("probe.ps1", $"Get-Content onnxkd.ps1 | Out-String | Invoke-Expression; ((TabExpansion2 '{line}' {line.Length}).CompletionMatches | % CompletionText) -join ' '");
        using var pwsh = Process.Start(new ProcessStartInfo("pwsh", ["-NoProfile", "-File", probe]) { WorkingDirectory = folder.Path, RedirectStandardOutput = true })!;
        var output = pwsh.StandardOutput.ReadToEnd();
        pwsh.WaitForExit();

        Assert.Equal(expected, output.Trim());
    }

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

/// <summary>A test that needs a shell; without it it is skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ShellTheoryAttribute : TheoryAttribute
{
    public ShellTheoryAttribute(string shell) => Skip = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, shell)))
        ? null : $"there is no {shell} on the path";
}
