using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>The epochs that a setting trains, as far as its recipe tells.</summary>
/// <param name="Own">Those of its own training.</param>
/// <param name="Others">Those of other trainings, which no setting before it had, such as a baseline that does not vary.</param>
/// <param name="Before">How many of its own were counted before.</param>
internal readonly record struct SweepWork(double Own, double Others, double Before)
{
    /// <summary>How many there are to count.</summary>
    public double Left => Math.Max(0, Own - Before) + Others;

    /// <summary>The same, once some of its own were counted.</summary>
    public SweepWork After(double epochs) => this with { Before = epochs };

    /// <summary>By setting, in their order.</summary>
    public static IReadOnlyList<SweepWork> Of(IEnumerable<Recipe> recipes)
    {
        var seen = new HashSet<string>();
        return
        [
            .. recipes.Select(recipe => new SweepWork(
                recipe.Final.Training.Epochs,
                recipe.Trainings.Where(step => step.Name != recipe.Final.Name && seen.Add(KeyOf(step, recipe))).Sum(step => step.Training.Epochs), Before: 0)),
        ];
    }

    /// <summary>The epochs of a sweep by successive halving: of those that go on, which is not known before, as many as on average.</summary>
    public static double OfHalving(IReadOnlyList<(SweepSetting Setting, Recipe Recipe)> settings)
    {
        var groups = settings.DistinctBy(entry => entry.Setting.WithoutSeed).Count();
        var (rounds, seeds) = (Halving.Rounds(groups), settings.Count / groups);
        var own = settings.Average(entry => entry.Recipe.Final.Training.Epochs);
        var trained = rounds.Zip(rounds.Select(round => round.Share).Prepend(0)).Sum(pair => pair.First.Settings * seeds * (pair.First.Share - pair.Second) * own);
        return trained + Of(settings.Take(rounds[^1].Settings * seeds).Select(entry => entry.Recipe)).Sum(work => work.Others);
    }

    private static string KeyOf(TrainStep step, Recipe recipe) => $"{step.Training.Seed} {YamlTree.Text(step.Write(path => Path.GetFileName(path), recipe.Seed))}";
}
