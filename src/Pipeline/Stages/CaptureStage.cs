using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;
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
        var models = options.Teachers.Select(teacher => OnnxModel.Load(teacher.Model)).ToArray();
        var inputs = new StageInputs()
            .Add("teachers", new YamlSequenceNode(options.Teachers.Zip(models, (t, m) => TeachersSection.WriteTeacher(t, m.Digest))))
            .Add("capture", TeachersSection.WriteCapture(options))
            .Add("seed", options.Augmentation.IsNone ? null : $"{options.Seed}")
            .Add("samples", set.SamplesDigest)
            .Add("first-id", $"{set.IdOf(0)}");
        var cacheFolder = runner.Run(name, inputs, ProductVersion.WithOnnxRuntime, (folder, progress) =>
        {
            RequireLabels(set, models[0], options);
            var result = CacheCapture.Capture(set, options, folder, progress, token);
            if (result.ProviderNote is { } note)
                runner.Reporter.NoteOnce($"teachers run on the CPU: {note}");
        });
        using var cache = LogitCache.Open(cacheFolder);
        return new(cacheFolder, cache.Digest, [.. models.Select(model => model.Digest)], cache.Stream().Classes);
    }

    /// <summary>The same teachers on samples as they are, for figures.</summary>
    public static CaptureOptions WithoutViews(CaptureOptions options, params IReadOnlyList<TeacherOptions> teachers) =>
        options with { Teachers = teachers, Views = 1, Augmentation = Augmentation.None };

    private static void RequireLabels(TransferSet set, OnnxModel model, CaptureOptions options)
    {
        using var session = OnnxClassifier.Open(model, set.SampleShape, options.Teachers[0].Output, options.Device, options.Threads);
        set.RequireLabelsBelow(session.Classes);
    }
}
