using System.Globalization;
using OnnxKd.Core.Files;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Adds to the class scores of a trained model the offsets with which the validation set has the fewest errors.</summary>
internal sealed class AdjustBiasStage : TrainedStage
{
    private const string FiguresFile = "offsets.json";

    private readonly RecipeGraph graph;
    private readonly AdjustBiasStep step;
    private readonly TrainedStage maker;

    private AdjustBiasStage(RecipeGraph graph, AdjustBiasStep step, TrainedStage maker)
        : base($"adjust-bias-{step.Name}", maker.Name) => (this.graph, this.step, this.maker) = (graph, step, maker);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new(AdjustBiasStep.KindName, AdjustBiasStep.Read, (graph, entry) => Expand(graph, (AdjustBiasStep)entry));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Models => step.Provides;

    /// <inheritdoc/>
    public override TrainStage Trained => maker.Trained;

    /// <inheritdoc/>
    public override string LearnerOf(string model) => maker.LearnerOf(step.Model.Name);

    /// <inheritdoc/>
    public override StageCost Cost => new(graph.Sets.Validation!.Count);

    /// <inheritdoc/>
    public override StudentImport ImportOf(string model) => maker.ImportOf(step.Model.Name);

    /// <inheritdoc/>
    public override OutputKind? OutputKindOf(string model, StageResults results) => maker.OutputKindOf(step.Model.Name, results);

    /// <inheritdoc/>
    public override OutputKind? OutputKindOf(string model, TappedTensor output, StageResults results) => maker.OutputKindOf(step.Model.Name, output, results);

    /// <inheritdoc/>
    public override IEnumerable<(string Key, string? Value)> Provenance(StageResults results)
    {
        var figures = CanonicalJson.Deserialize<BiasFigures>(File.ReadAllBytes(results[Name][FiguresFile]), results[Name][FiguresFile]);
        return
        [
            .. maker.Provenance(results),
            ("bias_offsets", string.Join(", ", figures.Classes.Zip(figures.Offsets, (c, offset) => string.Create(CultureInfo.InvariantCulture, $"{c}: {offset}")))),
        ];
    }

    /// <inheritdoc/>
    public override void Check() => BiasAdjustment.Check(graph.Sets.Validation!, step.Bias);

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => new StageInputs()
        .Add("model", graph.DigestOf(step.Model, null, results))
        .Add("output", ImportOf(step.Name).Output)
        .Add("bias", SettingsSection.Write(step.Bias))
        .Add("samples", graph.Sets.Validation!.SamplesDigest)
        .Add("labels", graph.Sets.Validation.LabelsDigest)
        .Add("preprocessing", DataSection.WritePreprocessing(Trained.Preprocessing));

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithOnnxRuntime();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var model = OnnxModel.Load(graph.PathOf(step.Model, null, work.Results)!);
        var import = ImportOf(step.Name, work.Results).Apart()[0];
        var (adjusted, figures) = BiasAdjustment.Adjust(
            model, import, SampleReader.Of(graph.Sets.Validation!, Trained.Preprocessing), step.Bias, work.Progress, work.Token);
        AtomicFile.WriteAllText(Path.Combine(work.Folder, FiguresFile), CanonicalJson.Serialize(figures));
        adjusted.Save(Path.Combine(work.Folder, FileOf(step.Name)));
        work.Reporter.Note(Describe(figures));
    }

    /// <summary>What was found, for people.</summary>
    public static string Describe(BiasFigures figures) => string.Create(
        CultureInfo.InvariantCulture,
        $"offsets {string.Join(", ", figures.Classes.Zip(figures.Offsets, (c, offset) => string.Create(CultureInfo.InvariantCulture, $"{offset:+0.###;-0.###;0} for class {c}")))}: "
        + $"{figures.ErrorsBefore} errors become {figures.ErrorsAfter}, of {figures.Samples} samples");

    private static void Expand(RecipeGraph graph, AdjustBiasStep step)
    {
        var stage = graph.AddModels(new AdjustBiasStage(graph, step, (TrainedStage)graph.Find(step.Model)));
        graph.Add(new VerifyStage(graph, graph.Add(new ExportStage(graph, stage, step.Name))));
    }
}
