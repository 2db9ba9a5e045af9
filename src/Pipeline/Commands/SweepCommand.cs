using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Sweeps;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd sweep RECIPE</c>: every combination of some keys' values, from one cache.</summary>
internal sealed class SweepCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    private readonly Option<string[]> vary = new(RecipeArguments.VaryName)
    {
        Description = "A key of the recipe, or the name of an option above, and its values; repeat it for every combination.",
        HelpName = "KEY=VALUE,VALUE",
    };

    /// <summary>Declares the command.</summary>
    public SweepCommand()
        : base(
            "sweep",
            "Runs a recipe with every combination of some values, and compares the students. The teachers run once.",
            "onnxkd sweep recipes/mnist.yaml --vary temperature=1,2,4,8 --vary alpha=0.5,0.9,1 --no-baseline",
            "onnxkd sweep recipes/mnist.yaml --vary student.widths=[400,400],[800,800] --vary seed=1,2,3")
    {
        recipe.AddTo(this);
        Add(vary);
        Does((parsed, stdout, stderr, token) =>
        {
            var (settings, run) = (SweepGrid.Parse(parsed.GetValue(vary) ?? [], RecipeArguments.VaryName), recipe.Read(parsed));
            // All are read, and so checked, before the first one starts.
            var recipes = settings.Select(setting => (setting, recipe.ReadRecipe(parsed, setting))).ToArray();
            Run(recipes, run.Runs, run.Style, stdout, stderr, token);
        });
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">The recipe or its inputs are wrong.</exception>
    /// <exception cref="CheckFailedException">A setting diverged or failed a check; the figures of the others were written.</exception>
    public static void Run(
        IReadOnlyList<(SweepSetting Setting, Recipe Recipe)> recipes,
        string runs,
        OutputStyle style,
        TextWriter stdout,
        TextWriter stderr,
        CancellationToken token)
    {
        var names = recipes.Select(recipe => recipe.Recipe.Name).Distinct().ToArray();
        if (names.Length > 1)
            throw new InputException(
                "A sweep varies the run's name.", $"{RecipeArguments.VaryName} name", string.Join(", ", names), "one name, which is that of the sweep's folder");
        var metrics = Sweep.Run(recipes, runs, new(stderr, style.Live), token);
        Report.Write(metrics, stdout, style);
        stderr.WriteLine($"results: {Distillation.FolderOf(recipes[0].Recipe, runs)}");
        if (metrics.Settings.Count(setting => setting.Failure is not null) is > 0 and var failed)
            throw new CheckFailedException(
                "Some settings of the sweep failed.", Distillation.FolderOf(recipes[0].Recipe, runs), $"{failed} of {recipes.Count}",
                remedy: $"{SweepMetrics.FileName} says why, setting by setting");
    }
}
