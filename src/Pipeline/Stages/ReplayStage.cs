using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Runs random rows of a cache through the teachers of its recipe again.</summary>
internal static class ReplayStage
{
    /// <summary>Replays rows.</summary>
    /// <param name="cache">The cache: of the transfer set, or of the validation or test set.</param>
    /// <param name="recipe">The recipe that it belongs to.</param>
    /// <param name="device">Where the teachers run; <c>null</c>: where they ran.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="seed">Decides which.</param>
    /// <param name="progress">Told about rows.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="CheckFailedException">The cache was not made from this recipe.</exception>
    public static IReadOnlyList<StreamReplay> Run(
        LogitCache cache, Recipe recipe, string? device, long rows, ulong seed, StageReporter progress, CancellationToken token)
    {
        using var sets = RecipeSets.Open(recipe.Data, progress.Note, token);
        var set = Array.Find([sets.Transfer, sets.Validation, sets.Test], set => set is not null && IsOf(cache.Identity, set)) ?? sets.Transfer;
        var options = set == sets.Transfer
            ? recipe.Capture
            : CaptureStage.ForFigures(recipe.Capture, [.. recipe.Capture.Teachers.Where(teacher => IsOf(cache.Identity, teacher))]);
        return CacheReplay.Run(cache, set, options with { Device = device ?? cache.Identity.Provider }, rows, seed, progress, token);
    }

    private static bool IsOf(CacheIdentity identity, TransferSet set) =>
        identity.Samples == set.Count && identity.FirstId == set.IdOf(0) && identity.SamplesDigest == set.SamplesDigest;

    private static bool IsOf(CacheIdentity identity, TeacherOptions teacher)
    {
        var digest = OnnxModel.Load(teacher.Model).Digest;
        return identity.Teachers.Any(cached => cached.Digest == digest);
    }
}
