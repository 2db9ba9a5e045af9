using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd export RECIPE</c>: up to student.onnx.</summary>
internal sealed class ExportCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    private readonly Option<string?> output = new("--output", "-o") { Description = "Also copy the student to this file." };

    private readonly Option<bool> force = new("--force") { Description = "Let --output replace any file that is not read, not only a student of onnxkd." };

    /// <summary>Declares the command.</summary>
    public ExportCommand()
        : base(
            "export",
            "Writes student.onnx with its provenance (and does what comes before, if that is not done).",
            "onnxkd export recipes/mnist.yaml -o student.onnx")
    {
        recipe.AddTo(this);
        Add(output);
        Add(force);
        Does((parsed, stdout, stderr, token) =>
            Run(recipe.Read(parsed, stderr, token), parsed.GetValue(output), parsed.GetValue(force), stdout, stderr, token));
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <summary>Runs it.</summary>
    /// <param name="options">The recipe.</param>
    /// <param name="copy">Where a copy of the student goes; <c>null</c>: nowhere.</param>
    /// <param name="force">Whether that may be the place of any file.</param>
    /// <param name="stdout">Where the files are named.</param>
    /// <param name="stderr">Where progress is told.</param>
    /// <param name="token">Stops the work.</param>
    /// <exception cref="InputException">Something is in the place of the copy.</exception>
    public static void Run(RecipeRun options, string? copy, bool force, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        if (copy is not null)
            ExportTarget.Require(copy, options.Recipe, options.File, force);
        using var work = options.Open(stderr, token);
        var exports = work.Stages.OfType<ExportStage>().ToArray();
        work.Run(exports);
        var files = exports.Select(export => (export.Role, Path: (string?)Path.Combine(work.Folder, export.File))).ToArray();
        if (copy is not null)
        {
            ExportTarget.Require(copy, options.Recipe, options.File, force); // a training takes long enough for something to be put there
            var student = Array.FindIndex(files, file => file.Role == StageRules.Student);
            AtomicFile.Write(copy, stream => stream.Write(File.ReadAllBytes(files[student].Path!)));
            files[student].Path = copy;
        }
        FileList.Write(
            stdout, options.Style,
            files.Concat(exports.Where(export => export.Preparation is { IsThere: true }).Select(_ => ("preparation", (string?)Path.Combine(work.Folder, ShippedPreparation.FileName)))));
    }
}
