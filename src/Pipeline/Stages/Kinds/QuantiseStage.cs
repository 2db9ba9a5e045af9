using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
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
    public override StageCost Cost => new(Count);

    /// <inheritdoc/>
    public override IEnumerable<(string Key, string? Value)> Provenance(StageResults results) => [.. Maker.Provenance(results), ("quantised", "int8")];

    /// <inheritdoc/>
    public override void Check() => RequireFloat(Maker, step.Model.Name);

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results)
    {
        var inputs = new StageInputs()
            .Add("model", graph.DigestOf(step.Model, null, results))
            .Add("options", SettingsSection.Write(step.Options))
            .Add("samples", graph.Sets.Transfer.SamplesDigest)
            .Add("preprocessing", DataSection.WritePreprocessing(Trained.Preprocessing));
        // What an earlier version made of such a model cannot be loaded.
        return graph.Sets.Transfer.SampleShape.Parts.Count == 0 && Fed.AreNone ? inputs : inputs.Add("inputs", "their own");
    }

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var trained = LoadTrained(work.Results);
        // What feeds a model's own inputs is no part of it: it is not rounded, and is put before it again.
        var (model, target) = (InputFront.Without(trained), Path.Combine(work.Folder, FileOf(step.Name)));
        using var session = ModelSession.Of(model.Proto, trained.Path!);
        var feeds = ModelFeeds.Of(session, new Dictionary<string, long>(), Samples(model), trained.Path!);
        ModelConverter.ToInt8(
            model, target, new(feeds, Count), OperatorReference.Names, done => work.Progress.Report(new(Name, done, Count, "samples")), work.Token);
        if (InputFront.IsOn(trained.Proto))
            InputFront.Behind(OnnxModel.Load(target), graph.Sets.Transfer.SampleShape, Fed).Save(target);
    }

    private InputFeeds Fed => ImportOf(step.Name).Inputs;

    private Dictionary<string, InputSamples> Samples(OnnxModel model)
    {
        var reader = SampleReader.Of(graph.Sets.Transfer, Trained.Preprocessing);
        return InputMatch.Find(new GraphIndex(model.Proto.Graph).Inputs, reader.Set.SampleShape, Fed, Path.GetFileName(model.Path)!).ToDictionary(
            input => input.Input.Name, input => input.Part is { } part ? new InputSamples(reader, part) : new(null, Constant: Fed.Of(input.Input.Name)!.Constant));
    }

    private long Count => Math.Min(step.Options.Samples, graph.Sets.Transfer.Count);

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
