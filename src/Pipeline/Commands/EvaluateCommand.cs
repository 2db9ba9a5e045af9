using System.CommandLine;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages.Kinds;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

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
            "onnxkd evaluate --model student.onnx --model other.onnx --samples test.npy --labels test-labels.npy --scale 1/255",
            "onnxkd evaluate --model student.onnx --teacher teacher.onnx --samples test.npy")
    {
        recipe.AddTo(this);
        Add(models);
        Does((parsed, stdout, stderr, token) =>
        {
            if (parsed.GetValue(models) is { Length: > 0 } paths)
                Run(paths, recipe.ReadData(parsed), recipe.ReadCapture(parsed), GlobalOptions.Style(parsed), stdout, stderr, token);
            else
                Run(recipe.Read(parsed, stderr, token), stdout, stderr, token);
        });
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => parsed.GetValue(models) is not { Length: > 0 };

    /// <summary>Measures a recipe's models.</summary>
    public static void Run(RecipeRun options, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var work = options.Open(stderr, token);
        var metrics = work.RunAll();
        Report.Write(metrics, stdout, options.Style);
        metrics.RequireUse();
    }

    /// <summary>Measures models that belong to no run.</summary>
    /// <param name="models">Their files.</param>
    /// <param name="data">The transfer set of this is what they are measured on.</param>
    /// <param name="capture">The device, and the teachers for the agreement, if there are any.</param>
    /// <param name="style">How the result is shown.</param>
    /// <param name="stdout">Where.</param>
    /// <param name="stderr">Where it is told what is fetched.</param>
    /// <param name="token">Stops between batches.</param>
    public static void Run(
        IReadOnlyList<string> models, DataOptions data, CaptureOptions capture, OutputStyle style, TextWriter stdout, TextWriter stderr,
        CancellationToken token)
    {
        DataSetStore.Require(stderr.WriteLine, token, data.Transfer);
        using var set = TransferSet.Open(InputChoice.Choose(data.Transfer, [.. models.Select(model => new ReadingModel(OnnxModel.Load(model), InputFeeds.None))]));
        var scratch = Directory.CreateTempSubdirectory("onnxkd-");
        try
        {
            if (capture.Teachers.Count > 0)
                CacheCapture.Capture(set, CaptureStage.ForFigures(capture), scratch.FullName, progress: null, token);
            using var teacher = capture.Teachers.Count > 0 ? LogitCache.Open(scratch.FullName) : null;
            var alphabet = data.Alphabet is null ? null : CtcAlphabet.Load(data.Alphabet);
            var evaluation = new Evaluation(new(set, teacher, alphabet), set.SampleShape, capture.Device, token);
            var measured = models.Select(model => evaluation.OfModel(new() { Model = model, Preprocessing = data.Preprocessing }).Metrics);
            Report.Write(new ModelComparison(set.Count, [.. measured]), stdout, style);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }
}
