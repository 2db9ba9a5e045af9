using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Loop;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Finds the learning rate of a training that leaves it open.</summary>
/// <param name="train">The training.</param>
/// <param name="needs">The stages that it learns from.</param>
internal sealed class RateStage(TrainStage train, params IEnumerable<string?> needs) : Stage(NameOf(train.Step), needs)
{
    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new("rate");

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Figures;

    /// <summary>The name of a training's.</summary>
    public static string NameOf(TrainStep step) => $"rate-{step.Name}";

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => train.InputsFor(RangeTest.Relevant(train.Step.Training), isValidated: false, results);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithLibTorch();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var found = train.With(work.Results, (learners, data) => RangeTest.Find(learners, data, train.Step.Training, work.Progress, work.Token));
        RateFile.Write(work.Folder, found);
        work.Reporter.Note(FormattableString.Invariant(
            $"chosen: learning rate {found.LearningRate:g2} for {train.Step.Name}; in a test of {found.Steps} steps the loss fell up to {found.FallsUpTo:g2}"));
    }

    /// <summary>The rate that a finished stage found.</summary>
    public static double Read(StageResult result) => RateFile.Read(result.Folder);
}
