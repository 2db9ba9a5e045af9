using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>A cache with a name, which several trainings can share.</summary>
internal sealed record CaptureStep(string Name, RecipeValue Place) : RecipeStage(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "capture";

    /// <summary>The teachers, and how they are captured.</summary>
    public required TeachersOptions Teachers { get; init; }

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Cache;

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs => Teachers.Stages.OfType<StageReference>();

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() => this with { Teachers = Teachers.WithoutMachine() };

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed) => YamlTree.Map(
        ("teachers", Teachers.WriteTeachers(file)),
        ("seed", Teachers.Capture.Seed == seed ? null : Teachers.Capture.Seed),
        ("capture", TeachersSection.WriteCapture(Teachers.Capture)));
}
