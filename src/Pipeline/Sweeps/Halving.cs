using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>
/// Successive halving (Jamieson and Talwalkar, 2016, with the factor 3 of Li et al., "Hyperband", 2018): all settings train for a part of their
/// epochs, the better third goes on for three times as many, and so forth. A training that is stopped lies as a checkpoint, and goes on from
/// there; so what reaches the end has the bytes that it would have had alone.
/// </summary>
internal static class Halving
{
    private const int Factor = 3;

    /// <summary>Checks that there is something to compare settings by.</summary>
    /// <exception cref="InputException">A setting has no validation set.</exception>
    public static void Require(IEnumerable<(SweepSetting Setting, Recipe Recipe)> recipes)
    {
        if (recipes.FirstOrDefault(entry => entry.Recipe.Data.Validation is null) is { Recipe: not null } lacking)
            throw new InputException(
                "Halving compares settings on a validation set, and there is none.", lacking.Setting.ToString(), "no data.validation", "a set of its own, never the test set",
                "keep some of the transfer set for it, for example transfer: { ..., rows: 0..50000 } and validation: { ..., rows: 50000.. }");
    }

    /// <summary>How many settings have how large a share of their epochs, round by round; the last round has all epochs.</summary>
    public static IReadOnlyList<(int Settings, double Share)> Rounds(int settings)
    {
        var rounds = (int)Math.Floor(Math.Log(settings, Factor) + 1e-9);
        return
        [
            .. Enumerable.Range(0, rounds + 1).Select(round => (
                Enumerable.Range(0, round).Aggregate(settings, (left, _) => (left + Factor - 1) / Factor), Math.Pow(Factor, round - rounds))),
        ];
    }

    /// <summary>Trains in rounds.</summary>
    /// <param name="context">The sweep.</param>
    /// <param name="processes">Trains settings side by side, if that is wanted.</param>
    /// <returns>For each setting its score when it was last compared, or why it failed; and which of them are to be trained to the end.</returns>
    public static IReadOnlyList<(ValidationScore? Score, SettingFailure? Failure, bool GoesOn)> Run(SweepContext context, SettingProcesses processes)
    {
        var (recipes, reporter, progress) = (context.Recipes, context.Reporter, context.Progress);
        var states = new (ValidationScore? Score, SettingFailure? Failure, bool GoesOn)[recipes.Count];
        var reached = new int[recipes.Count];
        // Settings that differ by their seeds alone go on together, or not at all: the luckiest seed of each would be no comparison.
        int[][] left = [.. Enumerable.Range(0, recipes.Count).GroupBy(i => recipes[i].Setting.WithoutSeed).Select(group => group.ToArray())];
        var rounds = Rounds(left.Length);
        foreach (var ((_, share), (next, _)) in rounds.Zip(rounds.Skip(1)))
        {
            int[] training = [.. left.SelectMany(group => group).Order()];
            progress.NextRound(training.Length);
            var failures = processes.Train(training, Work, Epochs);
            foreach (var i in training)
            {
                if (failures.TryGetValue(i, out var failure))
                {
                    states[i] = (null, failure, false);
                    continue;
                }
                var epochs = Epochs(recipes[i].Recipe);
                reporter.Note($"setting {i + 1} of {recipes.Count}, up to epoch {epochs}: {recipes[i].Setting}");
                // What processes have trained is only read here.
                using var piece = processes.Take(training) ? null : progress.Start($"{recipes[i].Setting}", Work(i));
                reporter.Follow = piece is null ? null : piece.Report;
                states[i] = Train(i, epochs, context);
            }
            foreach (var i in training)
                reached[i] = Epochs(recipes[i].Recipe);
            left =
            [
                .. left.Where(group => group.All(i => states[i].Failure is null)).Select(group => (Group: group, Score: EntryScore.Of([.. group.Select(i => states[i].Score)])))
                    .OrderBy(entry => entry.Score is null).ThenBy(entry => entry.Score).ThenBy(entry => entry.Group[0]).Select(entry => entry.Group).Take(next).OrderBy(group => group[0]),
            ];
            reporter.Note($"{left.Sum(group => group.Length)} settings go on: {string.Join("; ", left.SelectMany(group => group).Select(i => recipes[i].Setting))}");

            SweepWork Work(int i) => new(Epochs(recipes[i].Recipe), 0, reached[i]);

            int Epochs(Recipe recipe) => Math.Max(1, (int)Math.Ceiling(share * recipe.Final.Training.Epochs));
        }
        foreach (var i in left.SelectMany(group => group))
            states[i].GoesOn = true;
        return states;
    }

    private static (ValidationScore? Score, SettingFailure? Failure, bool GoesOn) Train(int i, int epochs, SweepContext context)
    {
        try
        {
            using var work = context.Open(i);
            var final = context.Recipes[i].Recipe.Final;
            return (ValidationScore.Of(work.TrainUntil(final, epochs), final.Training, epochs), null, false);
        }
        catch (OnnxKdException failure) when (SettingFailure.IsOfSetting(failure))
        {
            context.Reporter.Note($"{context.Recipes[i].Setting}: {failure.Message}");
            return (null, SettingFailure.Of(failure), false);
        }
    }
}
