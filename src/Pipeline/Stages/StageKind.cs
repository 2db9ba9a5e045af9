using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A kind of stage.</summary>
/// <param name="Name">Its name, the key of an entry in a recipe.</param>
/// <param name="Read">Reads an entry; <c>null</c>: others imply it, and no recipe names it.</param>
/// <param name="Expand">Adds the stages that an entry of this kind stands for; <c>null</c> where there are no entries.</param>
/// <param name="Finish">Adds what follows once from all entries; <c>null</c>: nothing does.</param>
internal sealed record StageKind(
    string Name,
    Func<StepReading, IReadOnlyList<RecipeStage>>? Read = null,
    Action<RecipeGraph, RecipeStage>? Expand = null,
    Action<RecipeGraph>? Finish = null) : StepKind(Name, Read);
