using System.CommandLine;
using OnnxKd.Core.Files;

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
        using var distillation = options.Open(stderr, token);
        var models = distillation.Export();
        if (copy is not null)
            AtomicFile.Write(copy, stream => stream.Write(File.ReadAllBytes(models.Student)));
        FileList.Write(stdout, options.Style, ("student", copy ?? models.Student), ("baseline", models.Baseline));
    }
}
