using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>A specialist for each group of classes, started from a generalist.</summary>
internal sealed record SpecialistsStep(string Name, RecipeValue Place) : RecipeStage(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "specialists";

    /// <summary>The generalist.</summary>
    public required StageReference Model { get; init; }

    /// <summary>The groups.</summary>
    public required ClusterStep Clusters { get; init; }

    /// <summary>What each is trained for.</summary>
    public required IReadOnlyList<Term> Objective { get; init; }

    /// <summary>How.</summary>
    public required TrainingOptions Training { get; init; }

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Provides => [.. Enumerable.Range(1, Clusters.Options.Count).Select(i => $"{Name}-{i}")];

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs => [Model, new(Clusters.Name, ArtifactKind.Clusters, Place)];

    /// <summary>Whether they learn from the generalist's class scores too.</summary>
    public bool LearnsFromGeneralist => Objective.Any(term => term.LearnsFromTeachers(StudentTrainer.Learners.LearnerOptions.Only, []));

    /// <summary>Reads an entry.</summary>
    public static IReadOnlyList<RecipeStage> Read(StepReading step)
    {
        var own = step.Value.Map("model", "clusters", "objective", "training", "seed");
        var (model, clusters) = (own.Require("model"), own.Require("clusters"));
        var stage = StageValues.Find(model, ArtifactKind.Model) ?? throw model.Error("The generalist is what a stage makes.", expected: "{ stage: NAME }");
        var reference = StageValues.Find(clusters, ArtifactKind.Clusters) ?? throw clusters.Error("Clusters are what a stage makes.", expected: "{ stage: NAME }");
        if (step.Data.Transfer.Labels is null)
            throw step.Value.Error("Specialists learn from labels, and the transfer set has none.", "no data.transfer.labels", remedy: "set it");
        var seed = own.Read("seed", step.Seed, value => value.Seed());
        return
        [
            new SpecialistsStep(step.Name, step.Value)
            {
                Model = stage,
                Clusters = step.Before.OfType<ClusterStep>().FirstOrDefault(entry => entry.Name == reference.Name)
                    ?? throw reference.Place.Error("A stage is not known, or makes no clusters.", $"'{reference.Name}'", "an entry of kind cluster above this one"),
                Objective = own.Read("objective", ObjectiveSection.HardOnly, ObjectiveSection.Read),
                Training = StepSections.ReadTraining(step, own, seed),
            },
        ];
    }

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() => this with { Training = Training with { Threads = null, Device = "auto" } };

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed) => YamlTree.Map(
        ("model", YamlTree.Line(("stage", Model.Name))),
        ("clusters", YamlTree.Line(("stage", Clusters.Name))),
        ("seed", Training.Seed == seed ? null : Training.Seed),
        ("objective", ObjectiveSection.Write(Objective)),
        ("training", TrainingSection.Write(Training)));
}
