using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>A folder of its own for files that are gone afterwards, in the system's temporary folder.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly DirectoryInfo folder;

    /// <summary>Creates it.</summary>
    /// <exception cref="InputException">There is no temporary folder, or it may not be written.</exception>
    public ScratchFolder()
    {
        try
        {
            folder = Directory.CreateTempSubdirectory("onnxkd-");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException || error is IOException && !DiskErrors.IsFull(error) && !DiskErrors.IsOutOfDescriptors(error))
        {
            throw new InputException(
                Directory.Exists(System.IO.Path.GetTempPath()) ? "The temporary folder cannot be written." : "The temporary folder does not exist.",
                System.IO.Path.GetTempPath(), error.Message, remedy: "create it, or set TMPDIR to a folder that you may write", inner: error);
        }
    }

    /// <summary>Where it is.</summary>
    public string Path => folder.FullName;

    /// <inheritdoc/>
    public void Dispose() => folder.Delete(recursive: true);
}
