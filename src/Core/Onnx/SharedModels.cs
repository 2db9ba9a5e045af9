using System.Collections.Concurrent;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// Models of files that many parts of a process look at, such as a teacher's: read again only when the file or its external data were changed, or when memory was
/// needed for something else in between. Whoever gets one must not change it.
/// </summary>
internal static class SharedModels
{
    private static readonly ConcurrentDictionary<string, WeakReference<OnnxModel>> known = new(StringComparer.Ordinal);

    /// <summary>The model of a file, as <see cref="OnnxModel.Load"/> gives it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="OnnxKdException">As <see cref="OnnxModel.Load"/>.</exception>
    public static OnnxModel Load(string path)
    {
        if (known.TryGetValue(path, out var reference) && reference.TryGetTarget(out var model) && model.Files.All(file => FileStatus.Of(file.Path) == file.Status))
            return model;
        model = OnnxModel.Load(path);
        known[path] = new(model);
        return model;
    }
}
