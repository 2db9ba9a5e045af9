using System.Buffers;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Runs an exported student in ONNX Runtime and in the trainer's executor, sample by sample.</summary>
/// <param name="graph">The run.</param>
/// <param name="export">The export.</param>
internal sealed class VerifyStage(RecipeGraph graph, ExportStage export) : Stage($"verify-{export.Model}", export.Name)
{
    /// <summary>
    /// The largest difference between two logits that passes, for logits of the order of one (for values, of the largest): some hundred times what float32 rounding gives,
    /// and far too little to pass a wrong operator.
    /// </summary>
    public const double Tolerance = 1e-4;

    // Some twenty steps of the type: what a network of many layers adds up that computes in it.
    private const double ToleranceOfFloat16 = 2e-2;
    private const double ToleranceOfBFloat16 = 1.6e-1;

    private const string FileName = "parity.json";
    private const string Device = "cpu";

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new("verify");

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Figures;

    /// <inheritdoc/>
    public override StageCost Cost => new(graph.Sets.Verification.Count);

    /// <summary>The export that it verifies.</summary>
    public ExportStage Export => export;

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results)
    {
        var (set, import) = (graph.Sets.Verification, export.Import);
        return new StageInputs()
            .Add("model", results[export.Name].Record.Outputs[export.File].Sha256)
            .Add("output", import.Output)
            .Add("class-axis", import.ClassAxis?.ToString(CultureInfo.InvariantCulture))
            .Add("outputs", import.Outputs.Count == 0 ? null : string.Join(", ", import.Outputs.Select(output => $"{output.Name} {output.Tensor} {output.ClassAxis}")))
            .Add("samples", set.SamplesDigest)
            .Add("lengths", set.LengthsDigest)
            .Add("preprocessing", DataSection.WritePreprocessing(export.Train.Preprocessing))
            .Add("trained", export.IsChanged ? Hashing.Sha256OfFile(export.PathOfTrained(results)) : null)
            .Add("teacher", export.Teacher is { } teacher ? graph.Files.Digest(teacher.Model) : null);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithBoth();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var exported = OnnxModel.Load(work.Results[export.Name][export.File]);
        ParityMetrics[] parities = [.. Enumerable.Range(0, 1 + export.Import.Outputs.Count).Select(output => Compare(exported, output, work))];
        var further = export.Import.Outputs.Zip(parities.Skip(1)).ToDictionary(pair => pair.First.Name, pair => pair.Second);
        AtomicFile.WriteAllText(
            Path.Combine(work.Folder, FileName), CanonicalJson.Serialize(parities[0] with { Outputs = further.Count > 0 ? further : null }));
    }

    /// <summary>Compares one of the outputs.</summary>
    private ParityMetrics Compare(OnnxModel exported, int output, StageWork work)
    {
        var trained = SampleReader.Of(graph.Sets.Verification, export.Train.Preprocessing);
        var import = export.ImportOf(work.Results).Apart()[output];
        // The file may get samples otherwise prepared, and give its scores otherwise laid out, than what was trained.
        if (!export.IsChanged)
            return Compare(exported, import, trained, work.Progress, work.Token);
        var (reader, written) = (SampleReader.Of(graph.Sets.Verification, export.Preprocessing), export.InterfaceOf(work.Results));
        var offered = written?.Outputs[output];
        var parity = Compare(
            exported, export.ReadingsOf(work.Results)[output].Options, reader, OnnxModel.Load(export.PathOfTrained(work.Results)), trained, import,
            RequireStandIn, work.Progress, work.Token);
        return offered is not { Keys: null } ? parity : parity with { StandsInFor = Path.GetFileName(export.Teacher!.Model) };

        void RequireStandIn(ReadOnlySpan<float> first, int columns)
        {
            if (offered is not null)
                StandIn.Require(exported, reader, export.Teacher!, written!, offered, first, columns);
        }
    }

    /// <summary>The tolerance for a file by the narrowest floats that it computes with.</summary>
    private static double ToleranceOf(OnnxModel model)
    {
        var types = model.Proto.Graph.Initializer.Select(tensor => TensorTypes.TryElementType(tensor.DataType, out var type) ? type : ElementType.Float32).ToHashSet();
        return types.Contains(ElementType.BFloat16) ? ToleranceOfBFloat16 : types.Contains(ElementType.Float16) ? ToleranceOfFloat16 : Tolerance;
    }

    /// <summary>The figures of a finished stage.</summary>
    public static ParityMetrics Read(StageResult result) =>
        CanonicalJson.Deserialize<ParityMetrics>(File.ReadAllBytes(result[FileName]), result[FileName]);

    /// <summary>Compares the two on every sample.</summary>
    /// <exception cref="CheckFailedException">They differ by more than <see cref="Tolerance"/>, or in a top class; a quantised student by more than one step besides.</exception>
    public static ParityMetrics Compare(
        OnnxModel model, StudentImport import, SampleReader reader, IProgress<StageProgress>? progress, CancellationToken token) =>
        Compare(
            model, new() { Model = "", Output = import.Output, ClassAxis = import.ClassAxis, Kind = import.Kind, Inputs = import.Inputs }, reader,
            InputFront.Behind(model, reader.Set.SampleShape, import.Inputs), reader, import, (_, _) => { }, progress, token);

    /// <summary>Compares an exported model with what was trained, which may take and give the same otherwise laid out.</summary>
    /// <inheritdoc cref="Compare(OnnxModel, StudentImport, SampleReader, IProgress{StageProgress}?, CancellationToken)"/>
    private static ParityMetrics Compare(
        OnnxModel model, TeacherOptions reading, SampleReader reader, OnnxModel trained, SampleReader trainedReader, StudentImport import,
        ReadOnlySpanAction<float, int> onFirst, IProgress<StageProgress>? progress, CancellationToken token)
    {
        using var session = OnnxClassifier.Open(
            model, reader.Set.SampleShape, [reading.Reading with { IsTrained = true }],
            new() { Device = Device, Inputs = reading.Inputs });
        var counted = new CountedPositions(reader.Set, session.Output.Shape);
        // Sums that lie halfway between two codes may be rounded to either.
        var step = QuantizedArithmetic.StepOf(model.Proto.Graph, session.Output.Tensor) ?? 0;
        var comparison = new LogitComparison(session.Classes, counted.Positions, counted.Of, step, session.Output.Kind.Output()!.Value);
        var batchSize = BatchSize.For(reader.Set.SampleElements, session.Output.Elements);
        StudentInference.RunAll(trained, import, trainedReader, batchSize, Device, (first, logits) => Add(first, logits.Span), token);
        return comparison.Result(model.Path ?? "model in memory", ToleranceOf(model));

        void Add(long first, ReadOnlySpan<float> logits)
        {
            var rows = Enumerable.Range(0, logits.Length / session.Output.Elements).Select(i => first + i).ToArray();
            var samples = new float[rows.Length * reader.Set.SampleElements];
            var exported = new float[logits.Length];
            reader.Read(rows, view: 0, samples);
            session.Run(samples, rows.Length, exported);
            if (first == 0)
                onFirst(logits, session.Classes);
            comparison.Add(session.Layouts[0].Classes == 1 && session.Classes == 2 ? Differences(logits) : logits, exported);
            progress?.Report(new("verify", first + rows.Length, reader.Set.Count, "samples"));
        }
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
