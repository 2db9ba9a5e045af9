using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Capture;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A finished logit cache.</summary>
/// <param name="Folder">Where it is.</param>
/// <param name="Digest">The digest that stands for it.</param>
/// <param name="TeacherDigests">The digests of the models that gave it.</param>
/// <param name="Classes">Values per row.</param>
internal sealed record CapturedLogits(string Folder, string Digest, IReadOnlyList<string> TeacherDigests, int Classes);

/// <summary>Runs teachers over a set into a logit cache.</summary>
internal static class CaptureStage
{
    /// <summary>Captures, or finds the finished cache.</summary>
    /// <param name="runner">Runs the stage.</param>
    /// <param name="name">The stage's name.</param>
    /// <param name="set">The samples; its labels are checked against the teachers' classes before the work starts.</param>
    /// <param name="options">The teachers, and how they are captured.</param>
    /// <param name="token">Stops the capture between batches.</param>
    public static CapturedLogits Run(StageRunner runner, string name, TransferSet set, CaptureOptions options, CancellationToken token)
    {
        var teachers = Digests(options);
        var cacheFolder = runner.Run(name, Inputs(set, options, teachers), ProductVersion.WithOnnxRuntime, (folder, progress) =>
            Capture(runner, set, options, folder, progress, token));
        // The stage has just looked at every byte of the cache.
        var identity = CacheMerge.Coverage(cacheFolder).Identity;
        return new(cacheFolder, LogitCache.DigestOf(cacheFolder), teachers, identity.Streams[0].Classes);
    }

    /// <summary>
    /// Captures a share of the rows, without taking the run's folder for itself: any number of processes can do so at once. The stage is
    /// finished by the next command that captures all rows, and finds them there.
    /// </summary>
    /// <returns>The cache's folder.</returns>
    public static string RunPart(StageRunner runner, string name, TransferSet set, CaptureOptions options, CancellationToken token)
    {
        var folder = runner.FolderOf(name, Inputs(set, options, Digests(options)));
        runner.Reporter.Started($"{name}, {options.Part}", folder);
        var result = Capture(runner, set, options, folder, runner.Reporter, token);
        runner.Reporter.Finished($"{name}, {options.Part}", result.Seconds);
        runner.Reporter.Note(result.IsComplete ? "the cache is complete" : "other parts are still missing");
        return folder;
    }

    /// <summary>
    /// The class scores of teachers on samples as they are, for figures. Teachers that are kept apart answer no question together, so the
    /// first of them stands for all.
    /// </summary>
    public static CaptureOptions ForFigures(CaptureOptions options, params IReadOnlyList<TeacherOptions> teachers) => options with
    {
        Teachers =
        [
            .. teachers.Take(options.Combination == Combination.Single ? 1 : teachers.Count)
                .Select(teacher => teacher with { Outputs = [], Features = [] }),
        ],
        // What was drawn at random has no top class.
        Storage = options.Storage is Sampled ? new Float16() : options.Storage,
        Views = 1,
        Augmentation = Augmentation.None,
        Part = CachePart.Whole,
    };

    private static string[] Digests(CaptureOptions options) => [.. options.Teachers.Select(teacher => OnnxModel.Load(teacher.Model).Digest)];

    private static StageInputs Inputs(TransferSet set, CaptureOptions options, string[] digests) => new StageInputs()
        .Add("teachers", new YamlSequenceNode(options.Teachers.Zip(digests, TeachersSection.WriteTeacherKey)))
        .Add("capture", TeachersSection.WriteCapture(options, forKey: true))
        .Add("seed", options.Augmentation.IsNone && options.Storage is not Sampled ? null : $"{options.Seed}")
        .Add("samples", set.SamplesDigest)
        .Add("first-id", $"{set.IdOf(0)}");

    private static CaptureResult Capture(
        StageRunner runner, TransferSet set, CaptureOptions options, string folder, IProgress<StageProgress> progress, CancellationToken token)
    {
        var result = CacheCapture.Capture(set, options, folder, progress, token, runner.Reporter.Estimated);
        if (result.ProviderNote is { } note)
            runner.Reporter.NoteOnce($"teachers run on the CPU: {note}");
        return result;
    }
}
