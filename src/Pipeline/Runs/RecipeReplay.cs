using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Runs;

/// <summary>Runs random rows of a cache through the teachers of its recipe again.</summary>
internal static class RecipeReplay
{
    /// <summary>Replays rows.</summary>
    /// <param name="cache">The cache: of the transfer set, or of the validation or test set.</param>
    /// <param name="folder">The cache's folder.</param>
    /// <param name="recipe">The recipe that it belongs to.</param>
    /// <param name="device">Where the teachers run; <c>null</c>: where they ran.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="seed">Decides which.</param>
    /// <param name="progress">Told about rows.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="CheckFailedException">The cache was not made from this recipe.</exception>
    public static IReadOnlyList<StreamReplay> Run(
        LogitCache cache, string folder, Recipe recipe, string? device, long rows, ulong seed, StageReporter progress, CancellationToken token)
    {
        using var sets = RecipeSets.Open(recipe.Data, progress.Note, token);
        var set = Array.Find([sets.Transfer, sets.Validation, sets.Test], set => set is not null && IsOf(cache.Identity, set)) ?? sets.Transfer;
        var role = set == sets.Transfer ? SetRole.Transfer : set == sets.Validation ? SetRole.Validation : SetRole.Test;
        var options = Candidates(folder, recipe, role, cache.Identity).First();
        return CacheReplay.Run(cache, set, options with { Device = device ?? cache.Identity.Provider }, rows, seed, progress, token);
    }

    /// <summary>The captures of the recipe: those of the cache's teachers first, then any, of which the replay says what differs.</summary>
    private static IEnumerable<CaptureOptions> Candidates(string folder, Recipe recipe, SetRole role, CacheIdentity identity)
    {
        var made = FindMade(folder, identity);
        var all = recipe.Trainings.Select(step => step.Teachers).Append(recipe.Reference).Select(teachers => teachers.On(role)).OfType<TeachersOptions>()
            .Select(teachers => teachers.Capture with { Teachers = WithFiles(teachers, recipe, made, identity) })
            .Where(options => options.Teachers.All(teacher => teacher.Place.Length > 0)).ToArray();
        if (all.Length == 0)
            throw new InputException(
                "The recipe has no teachers that could be replayed.", recipe.Name, remedy: "name the recipe that the cache was made by");
        var same = all.Where(options => options.Teachers.Any(teacher => IsOf(identity, teacher)));
        return same.Concat(all).Select(options => role == SetRole.Transfer ? options
            : FigureCapture.Of(options with { Teachers = [.. options.Teachers.Where(teacher => IsOf(identity, teacher))] }, [.. identity.Streams.Select(stream => stream.Name)]));
    }

    /// <summary>The teachers, those that trainings made with the files that were: the cache has its teachers in the recipe's order, or (figures ask no more) some of them.</summary>
    private static TeacherOptions[] WithFiles(TeachersOptions teachers, Recipe recipe, IReadOnlyDictionary<string, string> made, CacheIdentity identity)
    {
        var left = new Queue<string>(identity.Teachers.Select(cached => cached.Digest).Where(made.ContainsKey));
        return [.. teachers.Capture.Teachers.Zip(teachers.Stages, WithFile)];

        TeacherOptions WithFile(TeacherOptions teacher, StageReference? stage)
        {
            if (stage is null)
                return teacher;
            var file = left.Count > 1 ? left.Dequeue() : left.FirstOrDefault();
            var import = recipe.Trainings.FirstOrDefault(step => step.Provides.Contains(stage.Name))?.LearnerOf(stage.Name).Student.Import;
            teacher = teacher with { Model = file is null ? "" : made[file] };
            return import is null ? teacher : DescribedStudent.Read(import, teacher);
        }
    }

    /// <summary>The files among the stages beside a cache that are its teachers, by their digests.</summary>
    private static Dictionary<string, string> FindMade(string cache, CacheIdentity identity)
    {
        var digests = identity.Teachers.Select(cached => cached.Digest).ToHashSet();
        return Directory.EnumerateDirectories(Path.GetDirectoryName(Path.GetFullPath(cache))!)
            .SelectMany(stage => StageRecord.Find(stage)?.Outputs.Select(file => (file.Value.Sha256, Path: Path.Combine(stage, file.Key))) ?? [])
            .Where(file => digests.Contains(file.Sha256)).DistinctBy(file => file.Sha256).ToDictionary(file => file.Sha256, file => file.Path);
    }

    private static bool IsOf(CacheIdentity identity, TransferSet set) =>
        identity.Samples == set.Count && identity.FirstId == set.IdOf(0) && identity.SamplesDigest == set.SamplesDigest;

    private static bool IsOf(CacheIdentity identity, TeacherOptions teacher)
    {
        var digest = teacher.IsRecorded ? teacher.Signals.Digest() : SharedModels.Load(teacher.Model).Digest;
        return identity.Teachers.Any(cached => cached.Digest == digest);
    }
}
