using System.Globalization;
using OnnxKd.Core.Files;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Adds to the class scores of a trained model the offsets with which the validation set has the fewest errors.</summary>
internal sealed class AdjustBiasStage : FormStage
{
    private const string FiguresFile = "offsets.json";

    private readonly RecipeGraph graph;
    private readonly AdjustBiasStep step;

    private AdjustBiasStage(RecipeGraph graph, AdjustBiasStep step)
        : base(graph, step) => (this.graph, this.step) = (graph, step);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } =
        new(AdjustBiasStep.KindName, AdjustBiasStep.Read, (graph, entry) => Add(graph, new AdjustBiasStage(graph, (AdjustBiasStep)entry), entry.Name));

    /// <inheritdoc/>
    public override StageCost Cost => new(graph.Sets.Validation!.Count);

    /// <inheritdoc/>
    public override IEnumerable<(string Key, string? Value)> Provenance(StageResults results)
    {
        var figures = results[Name].Read<BiasFigures>(FiguresFile);
        return
        [
            .. Maker.Provenance(results),
            ("bias_offsets", string.Join(", ", figures.Classes.Zip(figures.Offsets, (c, offset) => string.Create(CultureInfo.InvariantCulture, $"{c}: {offset}")))),
        ];
    }

    /// <inheritdoc/>
    public override void Check() => BiasAdjustment.Check(graph.Sets.Validation!, step.Options);

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => new StageInputs()
        .Add("model", graph.DigestOf(step.Model, null, results))
        .Add("output", ImportOf(step.Name).Output)
        .Add("bias", SettingsSection.Write(step.Options))
        .Add("samples", graph.Sets.Validation!.SamplesDigest)
        .Add("labels", graph.Sets.Validation.LabelsDigest)
        .Add("preprocessing", DataSection.WritePreprocessing(Trained.Preprocessing));

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var model = LoadTrained(work.Results);
        var import = ImportOf(step.Name, work.Results).Apart()[0];
        var (adjusted, figures) = BiasAdjustment.Adjust(
            model, import, SampleReader.Of(graph.Sets.Validation!, Trained.Preprocessing), step.Options, work.Progress, work.Token);
        AtomicFile.WriteAllText(Path.Combine(work.Folder, FiguresFile), CanonicalJson.Serialize(figures));
        adjusted.Save(Path.Combine(work.Folder, FileOf(step.Name)));
        work.Reporter.Note(Describe(figures));
    }

    /// <summary>What was found, for people.</summary>
    public static string Describe(BiasFigures figures) => string.Create(
        CultureInfo.InvariantCulture,
        $"offsets {string.Join(", ", figures.Classes.Zip(figures.Offsets, (c, offset) => string.Create(CultureInfo.InvariantCulture, $"{offset:+0.###;-0.###;0} for class {c}")))}: "
        + $"{figures.ErrorsBefore} errors become {figures.ErrorsAfter}, of {figures.Samples} samples");
}
