using OnnxKd.Core.Settings;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How specialists are asked.</summary>
internal sealed record CombineOptions
{
    /// <summary>How many of the generalist's classes count.</summary>
    [Setting("a specialist is asked about samples for which one of its classes is among so many of the generalist's first ones", AtLeast = 1)]
    public int Top { get; init; } = 1;
}

/// <summary>What a generalist and the specialists that are active on a sample say together, as a cache.</summary>
internal sealed record CombineStep(string Name, RecipeValue Place) : RecipeStage(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "combine";

    /// <summary>The capture of the generalist.</summary>
    public required StageReference Cache { get; init; }

    /// <summary>The teachers of that capture.</summary>
    public required TeachersOptions Teachers { get; init; }

    /// <summary>The specialists.</summary>
    public required SpecialistsStep Specialists { get; init; }

    /// <summary>How they are asked.</summary>
    public required CombineOptions Options { get; init; }

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Cache;

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs =>
        [Cache, new(Specialists.Clusters.Name, ArtifactKind.Clusters, Place), .. Specialists.Provides.Select(name => new StageReference(name, ArtifactKind.Model, Place))];

    /// <summary>Reads an entry.</summary>
    public static IReadOnlyList<RecipeStage> Read(StepReading step)
    {
        var own = step.Value.Map("cache", "specialists", "top");
        var (cache, specialists) = (StageValues.RequireCapture(step, own.Require("cache")), own.Require("specialists"));
        var reference = StageValues.Find(specialists, ArtifactKind.Model) ?? throw specialists.Error("Specialists are what a stage makes.", expected: "{ stage: NAME }");
        return
        [
            new CombineStep(step.Name, step.Value)
            {
                Cache = cache.Reference, Teachers = cache.Teachers,
                Specialists = step.Before.OfType<SpecialistsStep>().FirstOrDefault(entry => entry.Name == reference.Name)
                    ?? throw reference.Place.Error("A stage is not known, or makes no specialists.", $"'{reference.Name}'", "an entry of kind specialists above this one"),
                Options = SettingsSection.Read<CombineOptions>(own),
            },
        ];
    }

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() => this with { Teachers = Teachers.WithoutMachine() };

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed) => YamlTree.Map(
        ("cache", YamlTree.Line(("stage", Cache.Name))), ("specialists", YamlTree.Line(("stage", Specialists.Name))), ("top", Options.Top));
}
