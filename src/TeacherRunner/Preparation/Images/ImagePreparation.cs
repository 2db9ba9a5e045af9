using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;

namespace OnnxKd.TeacherRunner.Preparation.Images;

/// <summary>Prepares a folder of images.</summary>
public static class ImagePreparation
{
    private static readonly string[] extensions = [".jpg", ".jpeg", ".png"];

    /// <summary>Decodes every image and writes the set.</summary>
    /// <param name="root">The folder of images.</param>
    /// <param name="images">What becomes of each image.</param>
    /// <param name="options">Where to, and how.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="token">Stops between images; the same call goes on from there.</param>
    /// <exception cref="InputException">An option or an image is wrong.</exception>
    public static PreparationResult Run(
        string root, ImageOptions images, PrepareOptions options, IProgress<StageProgress>? progress, CancellationToken token)
    {
        var (turned, deep) = (0L, 0L);
        images.Validate();
        options.RequireApartFrom(root);
        var folder = SourceFolder.List(root, "images", extensions, images.Unlabelled, options.Classes);
        using var session = new PreparationSession(ImageGraph.Build(images), images.Type, images.SampleShape);
        var items = folder.Files.Select(file => new SourceItem(
            file, folder.LabelOf(file), () => Decode(file), SourceFolder.StampOf(Path.Combine(root, file))));
        var sources = new SourceList(
            "images", "images", items, folder.Files.Count, new(Labels: folder.Classes is not null), folder.Classes);
        var result = new Preparer(options, progress, token).Run(sources, session.Type, session.Shape, images, session.Model);
        return result with { PassedOver = folder.PassedOver, Turned = turned, Deep = deep };

        PreparedSample Decode(string file)
        {
            var bytes = SourceFolder.Read(root, file);
            var path = Path.Combine(root, file);
            var facts = ImageCheck.Require(bytes, path, images.MaxPixels);
            if (facts.IsTurned)
                Interlocked.Increment(ref turned);
            if (facts.IsDeep)
                Interlocked.Increment(ref deep);
            return session.Run(bytes, path);
        }
    }
}
