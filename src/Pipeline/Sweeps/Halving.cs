using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Terminal;

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
    /// <param name="recipes">The settings.</param>
    /// <param name="runs">The folder of all runs.</param>
    /// <param name="processes">Trains them side by side, if that is wanted.</param>
    /// <param name="reporter">Told what happens.</param>
    /// <param name="token">Stops the work; what is done stays.</param>
    /// <returns>For each setting its score when it was last compared, or why it failed; and which of them are to be trained to the end.</returns>
    public static IReadOnlyList<(ValidationScore? Score, string? Failure, bool GoesOn)> Run(
        IReadOnlyList<(SweepSetting Setting, Recipe Recipe)> recipes, string runs, SettingProcesses processes, StageReporter reporter, CancellationToken token)
    {
        var states = new (ValidationScore? Score, string? Failure, bool GoesOn)[recipes.Count];
        int[] left = [.. Enumerable.Range(0, recipes.Count)];
        var rounds = Rounds(recipes.Count);
        foreach (var ((_, share), (next, _)) in rounds.Zip(rounds.Skip(1)))
        {
            var failures = processes.Train(recipes, left, Epochs);
            foreach (var i in left)
            {
                if (failures.TryGetValue(i, out var failure))
                {
                    states[i] = (null, failure, false);
                    continue;
                }
                var epochs = Epochs(recipes[i].Recipe);
                reporter.Note($"setting {i + 1} of {recipes.Count}, up to epoch {epochs}: {recipes[i].Setting}");
                states[i] = Train(recipes[i].Setting, recipes[i].Recipe, epochs, runs, reporter, token);
            }
            left = [.. left.Where(i => states[i].Failure is null).OrderBy(i => states[i].Score).ThenBy(i => i).Take(next).Order()];
            reporter.Note($"{left.Length} settings go on: {string.Join("; ", left.Select(i => recipes[i].Setting))}");

            int Epochs(Recipe recipe) => Math.Max(1, (int)Math.Ceiling(share * recipe.Final.Training.Epochs));
        }
        foreach (var i in left)
            states[i].GoesOn = true;
        return states;
    }

    private static (ValidationScore? Score, string? Failure, bool GoesOn) Train(
        SweepSetting setting, Recipe recipe, int epochs, string runs, StageReporter reporter, CancellationToken token)
    {
        try
        {
            using var work = RecipeWork.Open(recipe, runs, reporter, token, Sweep.FolderOf(setting));
            return (ValidationScore.Of(work.TrainUntil(recipe.Final, epochs), epochs), null, false);
        }
        catch (CheckFailedException failure)
        {
            reporter.Note($"{setting}: {failure.Message}");
            return (null, failure.Message, false);
        }
    }
}
