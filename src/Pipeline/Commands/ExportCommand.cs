using System.CommandLine;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages.Kinds;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd export RECIPE</c>: up to student.onnx.</summary>
internal sealed class ExportCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    private readonly Option<string?> output = new("--output", "-o") { Description = "Also copy the student to this file." };

    /// <summary>Declares the command.</summary>
    public ExportCommand()
        : base(
            "export",
            "Writes student.onnx with its provenance (and does what comes before, if that is not done).",
            "onnxkd export recipes/mnist.yaml -o student.onnx")
    {
        recipe.AddTo(this);
        Add(output);
        Does((parsed, stdout, stderr, token) => Run(recipe.Read(parsed), parsed.GetValue(output), stdout, stderr, token));
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <summary>Runs it.</summary>
    public static void Run(RecipeRun options, string? copy, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var work = options.Open(stderr, token);
        var exports = work.Stages.OfType<ExportStage>().ToArray();
        work.Run(exports);
        var files = exports.Select(export => (export.Role, Path: (string?)Path.Combine(work.Folder, export.File))).ToArray();
        if (copy is not null)
        {
            var student = Array.FindIndex(files, file => file.Role == StageRules.Student);
            AtomicFile.Write(copy, stream => stream.Write(File.ReadAllBytes(files[student].Path!)));
            files[student].Path = copy;
        }
        FileList.Write(stdout, options.Style, files);
    }
}
