using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using OnnxKd.Core.Threading;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
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

    private readonly Option<bool> halving = new("--halving")
    {
        Description = "Stop settings early that are behind on the validation set (successive halving: the better third goes on, for three times the epochs).",
    };

    private readonly Option<int> jobs = new("--jobs")
    {
        Description = "How many settings are trained at the same time, in processes that share out the threads. What is measured is measured one by one.",
        DefaultValueFactory = _ => 1,
        HelpName = "N",
    };

    /// <summary>Declares the command.</summary>
    public SweepCommand()
        : base(
            "sweep",
            "Runs a recipe with every combination of some values, and compares the students. The teachers run once. With a validation set, the best is named.",
            "onnxkd sweep recipes/mnist.yaml --vary temperature=1,2,4,8 --vary alpha=0.5,0.9,1 --no-baseline",
            "onnxkd sweep recipes/mnist.yaml --vary student.widths=[400,400],[800,800] --vary seed=1,2,3",
            "onnxkd sweep recipe.yaml --vary lr=0.01,0.03,0.1,0.3 --vary temperature=1,2,4,8 --halving --jobs 4")
    {
        recipe.AddTo(this);
        Add(vary);
        Add(halving);
        Add(jobs);
        Does((parsed, stdout, stderr, token) =>
        {
            var count = parsed.GetValue(jobs);
            if (count is < 1 or > Parts.MostThreads)
                throw new InputException("The number of processes is out of range.", jobs.Name, $"{count}", $"1 to {Parts.MostThreads}");
            // All are read, and so checked, before the first one starts.
            var settings = SweepGrid.Parse(parsed.GetValue(vary) ?? [], RecipeArguments.VaryName);
            Run([.. settings.Select(setting => (setting, recipe.Read(parsed, setting, stderr, token)))], parsed.GetValue(halving), count, stdout, stderr, token);
        });
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">The recipe or its inputs are wrong.</exception>
    /// <exception cref="OnnxKdException">A setting diverged, failed a check or cannot work; the figures of the others were written.</exception>
    public static void Run(
        IReadOnlyList<(SweepSetting Setting, RecipeRun Run)> settings, bool halves, int jobs, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var names = settings.Select(setting => setting.Run.Recipe.Name).Distinct().ToArray();
        if (names.Length > 1)
            throw new InputException(
                "A sweep varies the run's name.", $"{RecipeArguments.VaryName} name", string.Join(", ", names),
                "one name, which is that of the sweep's folder");
        var (recipe, _, runs, style) = settings[0].Run;
        var folder = RecipeWork.FolderOf(recipe, runs);
        (SweepSetting Setting, Recipe Recipe)[] recipes = [.. settings.Select(setting => (setting.Setting, setting.Run.Recipe))];
        if (halves)
            Halving.Require(recipes);
        var metrics = Sweep.Run(recipes, halves, jobs, runs, new LineBoard(stderr, style.Live), token);
        SweepReport.Write(metrics, stdout, style);
        stderr.WriteLine($"results: {folder}");
        stderr.WriteLine($"page: {Path.Combine(folder, SweepReport.PageFile)}");
        if (metrics.Best is not null)
            stderr.WriteLine($"to go on with the best: onnxkd run {ShellWord.Of(Path.Combine(folder, Sweep.BestName))}");
        SettingFailure[] failed = [.. metrics.Settings.Where(setting => setting.Failure is not null).Select(setting => new SettingFailure(setting.Failure!, (ExitCode)setting.ExitCode!))];
        if (failed.Length > 0)
            throw SettingFailure.Of(failed, settings.Count, folder);
    }
}
