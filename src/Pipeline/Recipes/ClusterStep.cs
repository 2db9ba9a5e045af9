using OnnxKd.Core.Settings;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How classes are grouped.</summary>
internal sealed record ClusterOptions
{
    /// <summary>How many groups.</summary>
    [Setting("groups of classes", AtLeast = 1)]
    public required int Count { get; init; }

    /// <summary>Classes of each group; <c>null</c>: each class is in one group.</summary>
    [Setting("classes of each group: those nearest to its centre, so that groups may share classes and leave some out; by default each class is in one group", AtLeast = 1)]
    public int? Size { get; init; }

    /// <summary>What the generalist's logits are divided by before its probabilities are compared.</summary>
    [Setting("the generalist's logits are divided by it: of a generalist that is sure, only softened probabilities say what it confuses", Above = 0)]
    public double Temperature { get; init; } = 1;
}

/// <summary>Classes that are often predicted together, found in a cache without labels.</summary>
internal sealed record ClusterStep(string Name, RecipeValue Place) : RecipeStage(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "cluster";

    /// <summary>The capture of the generalist.</summary>
    public required StageReference Cache { get; init; }

    /// <summary>The teachers of that capture.</summary>
    public required TeachersOptions Teachers { get; init; }

    /// <summary>How classes are grouped.</summary>
    public required ClusterOptions Options { get; init; }

    /// <summary>Decides the order in which classes come.</summary>
    public required ulong Seed { get; init; }

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Clusters;

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs => [Cache];

    /// <summary>Reads an entry.</summary>
    public static IReadOnlyList<RecipeStage> Read(StepReading step)
    {
        var own = step.Value.Map("cache", "count", "size", "temperature", "seed");
        var cache = StageValues.RequireCapture(step, own.Require("cache"));
        return
        [
            new ClusterStep(step.Name, step.Value)
            {
                Cache = cache.Reference, Teachers = cache.Teachers, Options = SettingsSection.Read<ClusterOptions>(own),
                Seed = own.Read("seed", step.Seed, value => value.Seed()),
            },
        ];
    }

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() => this with { Teachers = Teachers.WithoutMachine() };

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed) => YamlTree.Map(
        ("cache", YamlTree.Line(("stage", Cache.Name))), ("count", Options.Count), ("size", Options.Size), ("temperature", Options.Temperature == 1 ? null : Options.Temperature), ("seed", Seed == seed ? null : Seed));
}
