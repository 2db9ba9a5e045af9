using System.CommandLine;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd evaluate</c>: figures of models in ONNX Runtime.</summary>
internal sealed class EvaluateCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    private readonly Option<string[]> models = new("--model")
    {
        Description = "Measure this ONNX model on --samples and --labels instead of a recipe's models; repeat it to compare several.",
    };

    /// <summary>Declares the command.</summary>
    public EvaluateCommand()
        : base(
            "evaluate",
            "Measures errors, agreement, NLL, calibration, size and latency of teacher, student and baseline, or of any models.",
            "onnxkd evaluate recipes/mnist.yaml",
            "onnxkd evaluate --model student.onnx --model teacher.onnx --samples test.npy --labels test-labels.npy --scale 1/255")
    {
        recipe.AddTo(this);
        Add(models);
        Does((parsed, stdout, stderr, token) =>
        {
            if (parsed.GetValue(models) is { Length: > 0 } paths)
                Run(paths, recipe.ReadData(parsed), recipe.ReadDevice(parsed), GlobalOptions.Style(parsed), stdout, token);
            else
                Run(recipe.Read(parsed), stdout, stderr, token);
        });
    }

    /// <summary>Measures a recipe's models.</summary>
    public static void Run(RecipeRun options, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var distillation = options.Open(stderr, token);
        Report.Write(distillation.Evaluate(), stdout, options.Style);
    }

    /// <summary>Measures models.</summary>
    public static void Run(
        IReadOnlyList<string> models, DataOptions data, string device, OutputStyle style, TextWriter stdout, CancellationToken token)
    {
        using var set = TransferSet.Open(data.Transfer);
        var evaluation = new Evaluation(set, set.SampleShape, teacher: null, device, token);
        Report.Write(new ModelComparison(set.Count, [.. models.Select(Measure)]), stdout, style);

        ModelMetrics Measure(string model) => evaluation.OfModel(new() { Model = model, Preprocessing = data.Preprocessing });
    }
}
