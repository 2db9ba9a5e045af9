using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Another form of a trained model.</summary>
internal abstract record FormStep(string Name, string Kind, RecipeValue Place) : RecipeStage(Name, Kind, Place)
{
    /// <summary>The key that names the trained model.</summary>
    protected const string ModelKey = "model";

    /// <summary>The stage that makes the trained model.</summary>
    public required StageReference Model { get; init; }

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <inheritdoc/>
    public override StageReference FormOf => Model;

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs => [Model];

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() => this;

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed)
    {
        var written = YamlTree.Map((ModelKey, YamlTree.Line(("stage", Model.Name))));
        foreach (var (key, value) in WriteOptions().Children)
            written.Add(key, value);
        return written;
    }

    /// <summary>How it is made.</summary>
    protected abstract YamlMappingNode WriteOptions();
}
