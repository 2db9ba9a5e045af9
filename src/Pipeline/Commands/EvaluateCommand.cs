using System.CommandLine;
using Onnx;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd evaluate</c>: figures of models in ONNX Runtime.</summary>
internal sealed class EvaluateCommand : ExampleCommand
{
    private readonly RecipeArguments recipe;

    private readonly Option<string[]> models = new("--model")
    {
        Description = "Measure this ONNX model on --samples and --labels instead of a recipe's models; repeat it to compare several.",
    };

    private readonly Option<string?> output = new("--output")
    {
        Description = "With --model: the output that is measured; by default the only one that holds floats, or every one that a student of ours has.",
    };

    /// <summary>Declares the command.</summary>
    public EvaluateCommand()
        : base(
            "evaluate",
            "Measures errors, agreement, NLL, calibration, size and latency of teacher, student and baseline, or of any models.",
            "onnxkd evaluate recipes/mnist.yaml",
            "onnxkd evaluate --model student.onnx --model other.onnx --samples test.npy --labels test-labels.npy --scale 1/255",
            "onnxkd evaluate --model student.onnx --teacher teacher.onnx --samples test.npy",
            "onnxkd evaluate --model encoder.onnx --pooling mean --samples tokens.npz --labels topics.npy --set student.inputs.token_type_ids=zeros",
            "onnxkd evaluate --model student.onnx --output age --samples test.npy --labels ages.npy")
    {
        recipe = new() { DescribesModels = parsed => parsed.GetValue(models) is { Length: > 0 } };
        recipe.AddTo(this);
        Add(models);
        Add(output);
        Does((parsed, stdout, stderr, token) =>
        {
            if (parsed.GetValue(models) is { Length: > 0 } paths)
                Run(Read(parsed, paths), parsed.GetValue(output), recipe.ReadData(parsed), recipe.ReadCapture(parsed), GlobalOptions.Style(parsed), stdout, stderr, token);
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
    /// <param name="models">Their files, and how they are read where they do not say so themselves.</param>
    /// <param name="output">The output that is measured; <c>null</c>: the only one, or every one that a file describes.</param>
    /// <param name="data">The transfer set of this is what they are measured on.</param>
    /// <param name="capture">The device, and the teachers for the agreement, if there are any.</param>
    /// <param name="style">How the result is shown.</param>
    /// <param name="stdout">Where.</param>
    /// <param name="stderr">Where it is told what is fetched.</param>
    /// <param name="token">Stops between batches.</param>
    public static void Run(
        IReadOnlyList<TeacherOptions> models, string? output, DataOptions data, CaptureOptions capture, OutputStyle style, TextWriter stdout, TextWriter stderr,
        CancellationToken token)
    {
        DataSetStore.Require(stderr.WriteLine, token, data.Transfer);
        var first = SharedModels.Load(models[0].Model);
        if (new GraphIndex(first.Proto.Graph).Inputs.Count == 1)
            data = data with { Transfer = data.Transfer with { Table = TableMetadata.Complete(data.Transfer.Table, first.GetMetadata) } };
        using var set = TransferSet.Open(InputChoice.ChooseAll(data.Transfer, [.. models.Select(model => ReadingModel.Of(SharedModels.Load(model.Model), model.Inputs))], "--set data.transfer"));
        SampleChecks.Of(set,
        [
            .. models.Select(model => CaptureStage.UseOf(model with { Preprocessing = data.Preprocessing })),
            .. capture.Teachers.Where(teacher => !teacher.IsRecorded).Select(CaptureStage.UseOf),
        ]).Require(token);
        using var scratch = new ScratchFolder();
        OutputsOfModel[] measured = [.. models.Select(model => OutputsOfModel.Of(model with { Preprocessing = data.Preprocessing }, output))];
        if (capture.Teachers.Count > 0)
            CacheCapture.Capture(
                set, FigureCapture.Of(WithOutputs(capture, measured[0].Heads), [.. measured.SelectMany(model => model.Further).Select(further => further.Stream).Distinct()]),
                scratch.Path, progress: null, token);
        using var teacher = capture.Teachers.Count > 0 ? LogitCache.Open(scratch.Path) : null;
        var alphabet = data.Alphabet is null ? null : CtcAlphabet.Load(data.Alphabet);
        var evaluation = new Evaluation(new(set, teacher, alphabet), set.SampleShape, capture.Device, token);
        ModelMetrics[] figures = [.. measured.Select(model => Measure(evaluation, model))];
        Report.Write(new ModelComparison(set.Count, figures), stdout, style);
        if (!figures.Any(model => model.IsMeasured))
            stderr.WriteLine("nothing was compared: give what is right (--labels FILE), or who is right (--teacher MODEL)");
        foreach (var (model, found) in measured.Zip(figures))
            foreach (var (stream, _) in model.Further.Where(output => found.Outputs?.ContainsKey(output.Stream) != true))
                stderr.WriteLine($"{RunMetrics.Described(stream)} of {Path.GetFileName(model.First.Model)} was not measured: name the teacher that it learned from (--teacher)");
    }

    /// <summary>How each model is read; of what is said of inputs each takes what is said of its own.</summary>
    private TeacherOptions[] Read(ParseResult parsed, IEnumerable<string> paths)
    {
        OnnxModel[] files = [.. paths.Select(path => SharedModels.Load(path))];
        var inputs = Array.ConvertAll(files, file => new GraphIndex(file.Proto.Graph).Inputs.Select(input => input.Name).ToHashSet());
        return
        [
            .. files.Select((file, i) => recipe.ReadModel(parsed, file) is var read && inputs.Length == 1 ? read : read with
            {
                Inputs = new([.. read.Inputs.All.Where(feed => inputs[i].Contains(feed.Input) || !Array.Exists(inputs, others => others.Contains(feed.Input)))]),
            }),
        ];
    }

    private static ModelMetrics Measure(Evaluation evaluation, OutputsOfModel model)
    {
        var further = model.Further.Select(output => (output.Stream, Figures: evaluation.OfOutput(output.Options, output.Stream)))
            .Where(output => output.Figures is not null).ToDictionary(output => output.Stream, output => output.Figures!);
        return evaluation.OfModel(model.First).Metrics with { Outputs = further.Count > 0 ? further : null };
    }

    /// <summary>A teacher whose outputs nothing names is asked for those that the student learned, under the names that it has them by.</summary>
    private static CaptureOptions WithOutputs(CaptureOptions capture, IReadOnlyList<DescribedHead> heads) =>
        heads.Count < 2 || capture.Teachers is not [{ IsRecorded: false, Output: null, Outputs.Count: 0 } teacher]
        || SharedModels.Load(teacher.Model).Proto.Graph.Output.Select(output => output.Name).ToHashSet() is var names && !heads.All(head => names.Contains(head.Output))
            ? capture
            : capture with
            {
                Teachers =
                [
                    DescribedStudent.Read(heads[0], teacher) with
                    {
                        Outputs = [.. heads.Skip(1).Select(head => new TappedTensor(head.Output, head.Stream) { Kind = head.Kind, ClassAxis = head.ClassAxis })],
                    },
                ],
            };

    /// <summary>What is measured of a file.</summary>
    /// <param name="First">Its first output.</param>
    /// <param name="Further">Further ones, each with the stream that it learned from.</param>
    /// <param name="Heads">What the file says of all of them; none: it has one, or is no student of ours, or one of them was named.</param>
    private sealed record OutputsOfModel(TeacherOptions First, IReadOnlyList<(string Stream, TeacherOptions Options)> Further, IReadOnlyList<DescribedHead> Heads)
    {
        /// <summary>Finds it.</summary>
        public static OutputsOfModel Of(TeacherOptions file, string? output)
        {
            var model = SharedModels.Load(file.Model).Proto;
            var heads = HeadMetadata.Of(model);
            if (file.Pooling is not null && !GivesStates(model.Graph, output))
                file = file with { Pooling = null }; // it gives a row for a text itself
            if (output is not null)
                return new(heads.FirstOrDefault(head => head.Output == output || head.Stream == output) is { } named ? DescribedStudent.Read(named, file) : file with { Output = output }, [], []);
            return heads.Count == 0 || file.Pooling is not null ? new(file, [], [])
                : new(DescribedStudent.Read(heads[0], file), [.. heads.Skip(1).Select(head => (head.Stream, DescribedStudent.Read(head, file)))], heads);
        }

        /// <summary>Whether an output is [N, tokens, columns], as far as the file says.</summary>
        private static bool GivesStates(GraphProto graph, string? output) =>
            (output ?? LogitTrace.FloatOutputs(graph).FirstOrDefault()) is var read && graph.Output.FirstOrDefault(given => given.Name == read)?.ShapeOf() is null or { Count: 3 };
    }
}
