using System.CommandLine;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Completion;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd completion SHELL</c>: a script that completes command lines.</summary>
internal sealed class CompletionCommand : ExampleCommand
{
    private readonly Argument<string> shell = new("SHELL") { Description = $"One of {string.Join(", ", CompletionScripts.Shells.Keys)}." };

    /// <summary>Declares the command.</summary>
    public CompletionCommand()
        : base(
            "completion",
            "Writes the script by which a shell completes commands, options and their values.",
            "onnxkd completion bash",
            "onnxkd completion zsh",
            "onnxkd completion pwsh")
    {
        shell.AcceptOnlyFromAmong([.. CompletionScripts.Shells.Keys]);
        Add(shell);
        Does((parsed, stdout, _, _) =>
        {
            var script = CompletionScripts.Shells[parsed.GetValue(shell)!](CommandTree.Of(parsed.RootCommandResult.Command));
            stdout.Write(GlobalOptions.Style(parsed).Json ? CanonicalJson.Serialize(script) : script);
        });
    }
}
