using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>What a stage makes, and what another one can ask of it.</summary>
internal enum ArtifactKind
{
    /// <summary>An ONNX model.</summary>
    Model,

    /// <summary>Class scores and features of teachers.</summary>
    Cache,

    /// <summary>Samples.</summary>
    Set,

    /// <summary>Groups of classes.</summary>
    Clusters,

    /// <summary>Numbers for people.</summary>
    Figures,
}

/// <summary>A stage that a recipe names where a file could stand.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What is needed of it.</param>
/// <param name="Place">Where it is named, for messages.</param>
internal sealed record StageReference(string Name, ArtifactKind Kind, RecipeValue Place);

/// <summary>An entry of the key <c>stages</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Its kind, the key below its name.</param>
/// <param name="Place">Where it was written, for messages.</param>
internal abstract record RecipeStage(string Name, string Kind, RecipeValue Place)
{
    /// <summary>What other entries can use of it.</summary>
    public abstract ArtifactKind Makes { get; }

    /// <summary>The trained model that its own is another form of; <c>null</c>: none.</summary>
    public virtual StageReference? FormOf => null;

    /// <summary>The names by which others use what it makes.</summary>
    public virtual IReadOnlyList<string> Provides => [Name];

    /// <summary>The entries that it uses.</summary>
    public abstract IEnumerable<StageReference> Needs { get; }

    /// <summary>The same without what belongs to a machine: threads and devices, whose effect, where there is one, a cache names itself.</summary>
    public abstract RecipeStage WithoutMachine();

    /// <summary>Its settings with every default spelt out.</summary>
    /// <param name="file">How a path is written.</param>
    /// <param name="seed">The recipe's seed.</param>
    public abstract YamlNode Write(Func<string, string> file, ulong seed);
}

/// <summary>A kind of entry that recipes can have.</summary>
/// <param name="Name">The key below the entry's name.</param>
/// <param name="Read">Reads its settings; <c>null</c>: others imply it, and no recipe names it.</param>
internal record StepKind(string Name, Func<StepReading, IReadOnlyList<RecipeStage>>? Read);

/// <summary>An entry to be read, and what stands around it.</summary>
/// <param name="Name">The entry's name.</param>
/// <param name="Value">Its settings.</param>
/// <param name="Top">The recipe's top level, where what is left out comes from.</param>
/// <param name="Data">The sets.</param>
/// <param name="Seed">The recipe's seed.</param>
/// <param name="Before">The entries before it.</param>
internal sealed record StepReading(
    string Name, RecipeValue Value, RecipeMap Top, DataOptions Data, ulong Seed, IReadOnlyList<RecipeStage> Before)
{
    /// <summary>Reads which trained model is meant.</summary>
    /// <param name="model">What stands in the recipe.</param>
    /// <exception cref="Core.Errors.InputException">It is no reference, or to an entry that trains nothing.</exception>
    public StageReference TrainedModel(RecipeValue model)
    {
        var stage = StageValues.Find(model, ArtifactKind.Model) ?? throw model.Error("The model is what a stage makes.", expected: "{ stage: NAME }");
        if (TrainingOf(stage) is null && Before.Any(entry => entry.Name == stage.Name))
            throw model.Error("The model is not trained.", $"'{stage.Name}'", "a stage that trains");
        return stage;
    }

    /// <summary>The training that the weights of a stage's model come from; <c>null</c>: none.</summary>
    public TrainStep? TrainingOf(StageReference stage) => Before.FirstOrDefault(entry => entry.Provides.Contains(stage.Name)) switch
    {
        TrainStep training => training,
        { FormOf: { } source } => TrainingOf(source),
        _ => null,
    };
}
