using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Runs an exported student in ONNX Runtime and in the trainer's executor, sample by sample.</summary>
/// <param name="graph">The run.</param>
/// <param name="export">The export.</param>
internal sealed class VerifyStage(RecipeGraph graph, ExportStage export) : Stage($"verify-{export.Model}", export.Name)
{
    private const string FileName = "parity.json";

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
            .Add("scores", import.Scores)
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
        var (exported, import) = (OnnxModel.Load(work.Results[export.Name][export.File]), export.ImportOf(work.Results));
        AtomicFile.WriteAllText(
            Path.Combine(work.Folder, FileName), CanonicalJson.Serialize(export.IsChanged ? CompareChanged(exported, import, work) : Compare(
                exported, import, SampleReader.Of(graph.Sets.Verification, export.Train.Preprocessing), work.Progress, work.Token)));
    }

    /// <summary>Compares a file that may get samples otherwise prepared, and give its scores otherwise laid out, than what was trained.</summary>
    private ParityMetrics CompareChanged(OnnxModel exported, StudentImport import, StageWork work)
    {
        var (reader, written) = (SampleReader.Of(graph.Sets.Verification, export.Preprocessing), export.InterfaceOf(work.Results));
        using var standIn = written is not null && (written.Labels.Count > 0 || written.Outputs.Any(output => output is not null)) ? StandIn.Open(exported, reader, export.Teacher!, written) : null;
        var parity = ExportParity.Compare(
            new(exported, [.. export.ReadingsOf(work.Results).Select(reading => reading.Options)], reader),
            new(OnnxModel.Load(export.PathOfTrained(work.Results)), import, SampleReader.Of(graph.Sets.Verification, export.Train.Preprocessing)), (first, answer) => standIn?.Require(first, answer), work.Progress, work.Token);
        return standIn is null ? parity : parity with
        {
            StandsInFor = Path.GetFileName(export.Teacher!.Model),
            Labels = written!.Labels.Count > 0 ? [.. written.Labels.Select(label => label.Name)] : null,
            Missing = written.Missing.Count > 0 ? written.Missing : null,
            Fixed = FixedInputs(exported, SharedModels.Load(export.Teacher!.Model)) is { Count: > 0 } sizes ? sizes : null,
        };
    }

    private static IReadOnlyList<string> FixedInputs(OnnxModel student, OnnxModel teacher)
    {
        var theirs = new GraphIndex(teacher.Proto.Graph).Inputs.ToDictionary(input => input.Name, input => input.ShapeOf());
        return
        [
            .. new GraphIndex(student.Proto.Graph).Inputs.Where(input => input.ShapeOf() is { } own && theirs.GetValueOrDefault(input.Name) is { } wide && wide.Count == own.Count
                && own.Zip(wide).Skip(1).Any(axis => axis is { First.IsDynamic: false, Second.IsDynamic: true })).Select(input => $"{input.Name} {Shapes.Format(input.ShapeOf()!)}"),
        ];
    }

    /// <summary>The figures of a finished stage.</summary>
    public static ParityMetrics Read(StageResult result) => result.Read<ParityMetrics>(FileName);

    /// <summary>Compares the two on every sample, in each output.</summary>
    /// <exception cref="CheckFailedException">They differ by more than <see cref="ExportParity.Tolerance"/>, or in a top class; a quantised student by more than a step for each rounding besides.</exception>
    public static ParityMetrics Compare(OnnxModel model, StudentImport import, SampleReader reader, IProgress<StageProgress>? progress, CancellationToken token) => ExportParity.Compare(
        new(model, [.. import.Apart().Select(output => new TeacherOptions { Model = "", Output = output.Output, ClassAxis = output.ClassAxis, Scores = output.Scores, Kind = output.Kind, Inputs = import.Inputs })], reader),
        new(InputFront.Behind(model, reader.Set.SampleShape, import.Inputs), import, reader), (_, _) => { }, progress, token);
}
