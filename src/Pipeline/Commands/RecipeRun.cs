using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary>What every command that works on a recipe is told.</summary>
/// <param name="Recipe">The recipe, with what the command line changes in it.</param>
/// <param name="File">The recipe's file; <c>null</c>: options alone.</param>
/// <param name="Runs">The folder of all runs.</param>
/// <param name="Style">How result and progress are shown.</param>
internal sealed record RecipeRun(Recipe Recipe, string? File, string Runs, OutputStyle Style)
{
    /// <summary>Opens the run.</summary>
    public RecipeWork Open(TextWriter stderr, CancellationToken token) => RecipeWork.Open(Recipe, Runs, new(stderr, Style.Live), token);
}
