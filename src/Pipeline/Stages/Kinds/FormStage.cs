using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>A stage that makes another form of a trained model: with the same outputs, for samples with the same preprocessing.</summary>
/// <param name="graph">The run.</param>
/// <param name="step">The entry.</param>
internal abstract class FormStage(RecipeGraph graph, FormStep step) : TrainedStage($"{step.Kind}-{step.Name}", graph.Find(step.Model)!.Name)
{
    /// <summary>The stage that made the trained model.</summary>
    protected TrainedStage Maker { get; } = (TrainedStage)graph.Find(step.Model)!;

    /// <inheritdoc/>
    public override string Kind => step.Kind;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Models => step.Provides;

    /// <inheritdoc/>
    public override TrainStage Trained => Maker.Trained;

    /// <inheritdoc/>
    public override string LearnerOf(string model) => Maker.LearnerOf(step.Model.Name);

    /// <inheritdoc/>
    public override StudentImport ImportOf(string model) => Maker.ImportOf(step.Model.Name);

    /// <inheritdoc/>
    public override OutputKind? OutputKindOf(string model, StageResults results) => Maker.OutputKindOf(step.Model.Name, results);

    /// <inheritdoc/>
    public override OutputKind? OutputKindOf(string model, TappedTensor output, StageResults results) => Maker.OutputKindOf(step.Model.Name, output, results);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithOnnxRuntime();

    /// <summary>The trained model.</summary>
    /// <param name="results">What the stages before made.</param>
    protected OnnxModel LoadTrained(StageResults results) => OnnxModel.Load(graph.PathOf(step.Model, null, results)!);

    /// <summary>Adds a stage, and the export of its model with its check.</summary>
    protected static void Add(RecipeGraph graph, FormStage stage, string model) => graph.Add(new VerifyStage(graph, graph.Add(new ExportStage(graph, graph.AddModels(stage), model))));
}
