using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.TeacherRunner.Conversion;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Rounds weights and activations of a trained model to 8 bits. A training that starts from it learns with the rounding in its forward pass.</summary>
internal sealed class QuantiseStage : FormStage
{
    private readonly RecipeGraph graph;
    private readonly QuantiseStep step;

    private QuantiseStage(RecipeGraph graph, QuantiseStep step)
        : base(graph, step) => (this.graph, this.step) = (graph, step);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } =
        new(QuantiseStep.KindName, QuantiseStep.Read, (graph, entry) => Add(graph, new QuantiseStage(graph, (QuantiseStep)entry), entry.Name));

    /// <inheritdoc/>
    public override StageCost Cost => new(Samples);

    /// <inheritdoc/>
    public override IEnumerable<(string Key, string? Value)> Provenance(StageResults results) => [.. Maker.Provenance(results), ("quantised", "int8")];

    /// <inheritdoc/>
    public override void Check() => RequireFloat(Maker, step.Model.Name);

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => new StageInputs()
        .Add("model", graph.DigestOf(step.Model, null, results))
        .Add("options", SettingsSection.Write(step.Options))
        .Add("samples", graph.Sets.Transfer.SamplesDigest)
        .Add("preprocessing", DataSection.WritePreprocessing(Trained.Preprocessing));

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var model = LoadTrained(work.Results);
        using var session = ModelSession.Of(model.Proto, model.Path!);
        var samples = new InputSamples(SampleReader.Of(graph.Sets.Transfer, Trained.Preprocessing));
        var feeds = ModelFeeds.Of(session, new Dictionary<string, long>(), new Dictionary<string, InputSamples> { [session.Inputs.Single().Name] = samples }, model.Path!);
        ModelConverter.ToInt8(
            model, Path.Combine(work.Folder, FileOf(step.Name)), feeds, Samples, OperatorReference.Names,
            done => work.Progress.Report(new(Name, done, Samples, "samples")), work.Token);
    }

    private long Samples => Math.Min(step.Options.Samples, graph.Sets.Transfer.Count);

    private void RequireFloat(TrainedStage made, string model)
    {
        if (made is QuantiseStage)
            throw new InputException("The model is quantised already.", $"stages.{step.Name}.quantise.model", $"'{step.Model.Name}'", "a float32 model", "name the stage that it was rounded from");
        if (made.GraphOf(model) is { } known)
            ModelConverter.RequireFloat(known);
        else if (made.Trained.Step.LearnerOf(made.LearnerOf(model)).Student.Stage is { } stage && graph.Find(stage) is TrainedStage before)
            RequireFloat(before, stage.Name);
    }
}
