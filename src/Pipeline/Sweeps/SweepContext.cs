using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>What all parts of a sweep work with.</summary>
/// <param name="Recipes">The settings, and the recipe that each makes; all have one name.</param>
/// <param name="Runs">The folder of all runs.</param>
/// <param name="Reporter">Told what happens.</param>
/// <param name="Progress">Told how far each setting is.</param>
/// <param name="Token">Stops the work; what is done stays.</param>
internal sealed record SweepContext(
    IReadOnlyList<(SweepSetting Setting, Recipe Recipe)> Recipes, string Runs, StageReporter Reporter, SweepProgress Progress, CancellationToken Token)
{
    /// <summary>The run's folder.</summary>
    public string Folder { get; } = RecipeWork.FolderOf(Recipes[0].Recipe, Runs);

    /// <summary>What tells the sweep from others in its folder.</summary>
    public string Identity { get; } = Hashing.Sha256(string.Join('\n', Recipes.Select(entry => $"{entry.Setting}\n{RecipeFile.WriteForKey(entry.Recipe)}")));

    /// <summary>Opens a setting.</summary>
    /// <param name="i">Its place.</param>
    public RecipeWork Open(int i) => RecipeWork.Open(Recipes[i].Recipe, Runs, Reporter, Token, Sweep.FolderOf(Recipes[i].Setting), sweep: Identity);
}
