using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Runs an exported model in ONNX Runtime and what was trained in the trainer's executor, sample by sample, each once for all outputs.</summary>
internal static class ExportParity
{
    /// <summary>
    /// The largest difference between two logits that passes, for logits of the order of one (for values, of the largest): some hundred times what float32 rounding gives,
    /// and far too little to pass a wrong operator.
    /// </summary>
    public const double Tolerance = 1e-4;

    // Some twenty steps of the type: what a network of many layers adds up that computes in it.
    private const double ToleranceOfFloat16 = 2e-2;
    private const double ToleranceOfBFloat16 = 1.6e-1;

    private const string Device = "cpu";

    /// <summary>Compares an exported model with what was trained, which may take and give the same otherwise laid out.</summary>
    /// <param name="exported">The exported model.</param>
    /// <param name="trained">What was trained.</param>
    /// <param name="onBatch">Told of each batch what was trained gives.</param>
    /// <param name="progress">Told about samples.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="CheckFailedException">They differ by more than <see cref="Tolerance"/>, or in a top class; a quantised student by more than a step for each rounding besides.</exception>
    public static ParityMetrics Compare(
        ExportedSide exported, TrainedSide trained, Action<long, TrainedAnswer> onBatch, IProgress<StageProgress>? progress, CancellationToken token)
    {
        var (model, readings, reader) = exported;
        using var session = OnnxClassifier.Open(
            model, reader.Set.SampleShape, [.. readings.Select(reading => reading.Reading with { IsTrained = true })],
            new() { Device = Device, Inputs = readings[0].Inputs });
        LogitComparison[] comparisons = [.. session.Outputs.Select(Comparison)];
        var batchSize = BatchSize.For(reader.Set.SampleElements, session.Outputs.Max(output => output.Elements));
        StudentInference.RunAll(trained.Model, trained.Import, trained.Reader, batchSize, Device, Add, token);
        ParityMetrics[] parities = [.. comparisons.Select((comparison, i) => comparison.Result(
            (model.Path ?? "model in memory") + (i == 0 ? "" : $", output '{readings[i].Output}'"), ToleranceOf(model)))];
        return parities[0] with
        {
            Outputs = parities.Length == 1 ? null : trained.Import.Outputs.Zip(parities.Skip(1)).ToDictionary(pair => pair.First.Name, pair => pair.Second),
        };

        LogitComparison Comparison(ModelOutput output)
        {
            var counted = new CountedPositions(reader.Set, output.Shape);
            return new(output.Classes, counted.Positions, counted.Counts, QuantizedArithmetic.AllowanceOf(model.Proto.Graph, output.Tensor), output.Kind.Output()!.Value, output.AreProbabilities);
        }

        void Add(long first, IReadOnlyList<ReadOnlyMemory<float>> logits)
        {
            var rows = Enumerable.Range(0, logits[0].Length / session.Output.Elements).Select(i => first + i).ToArray();
            var samples = new float[rows.Length * reader.Set.SampleElements];
            Memory<float>[] given = [.. session.Outputs.Select(output => new float[rows.Length * output.Elements])];
            reader.Read(rows, view: 0, samples);
            session.Run(samples, rows.Length, given);
            onBatch(first, new(logits, [.. session.Outputs.Select(output => output.Classes)], [.. session.Outputs.Select(output => output.Kind.Output()!.Value)]));
            for (var i = 0; i < given.Length; i++)
                comparisons[i].Add(session.Layouts[i].Classes == 1 && session.Outputs[i].Classes == 2 ? Differences(logits[i].Span) : logits[i].Span, given[i].Span);
            progress?.Report(new("verify", first + rows.Length, reader.Set.Count, "samples"));
        }
    }

    /// <summary>The tolerance for a file by the narrowest floats that it takes, computes with or gives.</summary>
    public static double ToleranceOf(OnnxModel model)
    {
        var graph = model.Proto.Graph;
        var types = graph.Initializer.Select(tensor => tensor.DataType).Concat(graph.Input.Concat(graph.Output).Where(value => value.Type?.TensorType is not null).Select(value => value.DataTypeOf()))
            .Select(number => TensorTypes.TryElementType(number, out var type) ? type : ElementType.Float32).ToHashSet();
        return types.Contains(ElementType.BFloat16) ? ToleranceOfBFloat16 : types.Contains(ElementType.Float16) ? ToleranceOfFloat16 : Tolerance;
    }

    /// <summary>Scores of two classes as a file gives them that has one column: [0, second − first].</summary>
    private static float[] Differences(ReadOnlySpan<float> logits)
    {
        var differences = new float[logits.Length];
        for (var i = 1; i < logits.Length; i += 2)
            differences[i] = logits[i] - logits[i - 1];
        return differences;
    }
}

/// <summary>A model in ONNX Runtime.</summary>
/// <param name="Model">The exported model.</param>
/// <param name="Readings">How its outputs are read.</param>
/// <param name="Reader">The samples, as it takes them.</param>
internal sealed record ExportedSide(OnnxModel Model, IReadOnlyList<TeacherOptions> Readings, SampleReader Reader);

/// <summary>A model in the trainer's executor.</summary>
/// <param name="Model">What was trained.</param>
/// <param name="Import">The outputs that were trained, in the order of the exported model's readings.</param>
/// <param name="Reader">The samples, as it takes them.</param>
internal sealed record TrainedSide(OnnxModel Model, StudentImport Import, SampleReader Reader);
