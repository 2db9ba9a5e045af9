using Spectre.Console;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Asks for the files of a run, for whoever did not name them.</summary>
/// <param name="console">Where it is asked.</param>
internal sealed class InitQuestions(IAnsiConsole console)
{
    /// <summary>Asks.</summary>
    /// <param name="given">The options that are there already.</param>
    /// <returns>The answers, as words of the command line.</returns>
    public IReadOnlyList<string> Ask(IReadOnlySet<string> given)
    {
        var words = new List<string>();
        Ask("--teacher", "ONNX file of the teacher", isNeeded: true);
        Ask("--samples", "File of samples to learn from (NPY, NPZ, IDX, safetensors, CSV)", isNeeded: true);
        Ask("--labels", "File of their labels, if there are any", isNeeded: false);
        if (Ask("--test-samples", "File of samples to measure on, if there are any", isNeeded: false))
            Ask("--test-labels", "File of their labels, if there are any", isNeeded: false);
        return words;

        bool Ask(string option, string question, bool isNeeded)
        {
            if (given.Contains(option))
                return true;
            var prompt = new TextPrompt<string>($"{question}:") { AllowEmpty = !isNeeded }
                .Validate(path => path.Length == 0 || File.Exists(path) ? ValidationResult.Success() : ValidationResult.Error("there is no such file"));
            if (console.Prompt(prompt) is not { Length: > 0 } file)
                return false;
            words.AddRange([option, file]);
            return true;
        }
    }
}
