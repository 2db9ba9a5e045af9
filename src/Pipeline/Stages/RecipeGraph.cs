using System.Diagnostics.CodeAnalysis;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Stages;

/// <summary>The stages that a recipe stands for, and the sets that they read.</summary>
internal sealed class RecipeGraph : IDisposable
{
    private readonly Dictionary<string, Stage> known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ModelStage> models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CacheStage> caches = new(StringComparer.Ordinal);
    private readonly List<(string Role, CacheStage Cache)> figures = [];
    private readonly List<Stage> stages = [];
    private bool areSamplesChecked;

    private RecipeGraph(Recipe recipe, IReadOnlyList<StageKind> kinds, Action<string> note, CancellationToken token)
    {
        (Recipe, Sets) = (recipe, RecipeSets.Open(recipe.Data, note, token));
        try
        {
            foreach (var entry in recipe.Stages)
                kinds.First(kind => kind.Name == entry.Kind).Expand!(this, entry);
            foreach (var kind in kinds)
                kind.Finish?.Invoke(this);
            Stages = new(stages);
        }
        catch
        {
            Sets.Dispose();
            throw;
        }
    }

    /// <summary>The recipe.</summary>
    public Recipe Recipe { get; }

    /// <summary>Its sets.</summary>
    public RecipeSets Sets { get; }

    /// <summary>What is known of model files.</summary>
    public ModelFiles Files { get; } = new();

    /// <summary>The stages, in order.</summary>
    public StageGraph Stages { get; }

    /// <summary>Opens a recipe's sets and makes its stages. Nothing is created.</summary>
    /// <exception cref="Core.Errors.InputException">A set is wrong.</exception>
    /// <param name="recipe">The recipe.</param>
    /// <param name="kinds">The kinds of stages that there are.</param>
    /// <param name="note">Told of a set that is fetched.</param>
    /// <param name="token">Stops that.</param>
    public static RecipeGraph Open(Recipe recipe, IReadOnlyList<StageKind> kinds, Action<string> note, CancellationToken token) =>
        new(recipe, kinds, note, token);

    /// <summary>Holds the samples of every set against what the recipe's models take; once, before the first of them runs.</summary>
    /// <exception cref="Core.Errors.InputException">A sample holds what a model does not take; names file, sample, input and position.</exception>
    public void RequireSamples(CancellationToken token)
    {
        if (!areSamplesChecked)
            Sets.RequireTaken([.. Stages.Stages.SelectMany(stage => stage.Uses)], token);
        areSamplesChecked = true;
    }

    /// <summary>Adds a stage.</summary>
    public T Add<T>(T stage)
        where T : Stage
    {
        stages.Add(stage);
        return stage;
    }

    /// <summary>Adds a stage that makes models, which recipes can refer to.</summary>
    public T AddModels<T>(T stage)
        where T : ModelStage
    {
        foreach (var model in stage.Models)
            models.Add(model, stage);
        return Add(stage);
    }

    /// <summary>Names a cache that is not captured, for trainings that refer to it.</summary>
    /// <param name="name">The entry of the recipe.</param>
    /// <param name="stage">The stage that makes it.</param>
    public void AddCache(string name, CacheStage stage) => caches.Add(name, stage);

    /// <summary>Lets figures tell of a cache of the test set.</summary>
    /// <param name="role">What it is called there.</param>
    /// <param name="stage">The stage that makes it.</param>
    public void AddFigures(string role, CacheStage stage) => figures.Add((role, stage));

    /// <summary>Caches of the test set that figures tell of, beside those of teachers.</summary>
    public IReadOnlyList<(string Role, CacheStage Cache)> Figures => figures;

    /// <summary>The cache of the test set that belongs to one that trainings refer to; <c>null</c>: it is captured.</summary>
    public CacheStage? FindFigures(StageReference? reference) =>
        figures.FirstOrDefault(entry => entry.Role == reference?.Name) is { Cache: { } cache } ? cache : null;

    /// <summary>The stage that makes a cache that is not captured; <c>null</c>: it is.</summary>
    public CacheStage? FindCache(StageReference? reference) => reference is null ? null : caches.GetValueOrDefault(reference.Name);

    /// <summary>Adds a stage, or finds the one that makes the same.</summary>
    /// <param name="description">Everything that decides what it makes.</param>
    /// <param name="create">Makes the stage, given a name that is free.</param>
    /// <param name="names">What it may be called, in order of preference.</param>
    public T AddOnce<T>(string description, Func<string, T> create, params IEnumerable<string> names)
        where T : Stage
    {
        if (known.TryGetValue(description, out var same))
            return (T)same;
        // If none is free, the graph will say so.
        var stage = Add(create(names.FirstOrDefault(name => stages.All(stage => stage.Name != name)) ?? names.Last()));
        known.Add(description, stage);
        return stage;
    }

    /// <summary>The stage that makes a model that recipes refer to.</summary>
    [return: NotNullIfNotNull(nameof(reference))]
    public ModelStage? Find(StageReference? reference) => reference is null ? null : models[reference.Name];

    /// <summary>The model that a recipe names by its stage or by its file.</summary>
    public string? PathOf(StageReference? stage, string? file, StageResults results) =>
        Find(stage) is { } maker ? results[maker.Name][maker.FileOf(stage!.Name)] : file;

    /// <summary>Its digest.</summary>
    public string? DigestOf(StageReference? stage, string? file, StageResults results) =>
        Find(stage) is { } maker ? results[maker.Name].Record.Outputs[maker.FileOf(stage!.Name)].Sha256
        : file is null ? null : Files.Digest(file);

    /// <summary>The stages so far, of one kind.</summary>
    public IEnumerable<T> Of<T>()
        where T : Stage => stages.OfType<T>();

    /// <inheritdoc/>
    public void Dispose() => Sets.Dispose();
}
