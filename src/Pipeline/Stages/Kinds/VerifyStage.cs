using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Sessions;

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
            .Add("samples", set.SamplesDigest)
            .Add("lengths", set.LengthsDigest)
            .Add("preprocessing", DataSection.WritePreprocessing(export.Train.Preprocessing))
            .Add("trained", export.Preprocessing == export.Train.Preprocessing ? null : Trained(results).Sha256);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithBoth();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var model = OnnxModel.Load(work.Results[export.Name][export.File]);
        var trained = RecipeSets.Reader(graph.Sets.Verification, export.Train.Preprocessing);
        var import = export.Import with { Kind = export.OutputKindOf(work.Results) };
        var isAlike = export.Preprocessing == export.Train.Preprocessing;
        // With preprocessing inside, the file gets samples as they are stored, and what was trained gets them preprocessed.
        var parity = isAlike
            ? Compare(model, import, trained, work.Progress, work.Token)
            : Compare(
                model, RecipeSets.Reader(graph.Sets.Verification, export.Preprocessing), OnnxModel.Load(work.Results[export.Train.Name][export.Train.FileOf(export.Model)]),
                trained, import, work.Progress, work.Token);
        AtomicFile.WriteAllText(Path.Combine(work.Folder, FileName), CanonicalJson.Serialize(parity));
    }

    private StageFile Trained(StageResults results) => results[export.Train.Name].Record.Outputs[export.Train.FileOf(export.Model)];

    /// <summary>The figures of a finished stage.</summary>
    public static ParityMetrics Read(StageResult result) =>
        CanonicalJson.Deserialize<ParityMetrics>(File.ReadAllBytes(result[FileName]), result[FileName]);

    /// <summary>Compares the two on every sample.</summary>
    /// <exception cref="CheckFailedException">They differ by more than <see cref="Tolerance"/>, or in a top class; a quantised student by more than one step besides.</exception>
    public static ParityMetrics Compare(
        OnnxModel model, StudentImport import, SampleReader reader, IProgress<StageProgress>? progress, CancellationToken token) =>
        Compare(model, reader, model, reader, import, progress, token);

    /// <summary>Compares an exported model with what was trained, which may take other samples.</summary>
    /// <inheritdoc cref="Compare(OnnxModel, StudentImport, SampleReader, IProgress{StageProgress}?, CancellationToken)"/>
    private static ParityMetrics Compare(
        OnnxModel model, SampleReader reader, OnnxModel trained, SampleReader trainedReader, StudentImport import, IProgress<StageProgress>? progress,
        CancellationToken token)
    {
        using var session = OnnxClassifier.Open(
            model, reader.Set.SampleShape, [new() { Tensor = import.Output, Kind = import.Kind, ClassAxis = import.ClassAxis, IsTrained = true }],
            new() { Device = Device });
        var counted = new CountedPositions(reader.Set, session.Output.Shape);
        // Sums that lie halfway between two codes may be rounded to either.
        var step = QuantizedArithmetic.StepOf(model.Proto.Graph, session.Output.Tensor) ?? 0;
        var comparison = new LogitComparison(session.Classes, counted.Positions, counted.Of, step, session.Output.Kind.Output()!.Value);
        var batchSize = BatchSize.For(reader.Set.SampleElements, session.Output.Elements);
        StudentInference.RunAll(trained, import, trainedReader, batchSize, Device, (first, logits) => Add(first, logits.Span), token);
        return comparison.Result(model.Path ?? "model in memory", Tolerance);

        void Add(long first, ReadOnlySpan<float> logits)
        {
            var rows = Enumerable.Range(0, logits.Length / session.Output.Elements).Select(i => first + i).ToArray();
            var samples = new float[rows.Length * reader.Set.SampleElements];
            var exported = new float[logits.Length];
            reader.Read(rows, view: 0, samples);
            session.Run(samples, rows.Length, exported);
            comparison.Add(logits, exported);
            progress?.Report(new("verify", first + rows.Length, reader.Set.Count, "samples"));
        }
    }
}
