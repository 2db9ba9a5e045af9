using System.Diagnostics;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>
/// The right of one process to write in a folder. The operating system releases it when the process ends, however it ends; the files
/// <c>.lock</c> and <c>.lock.owner</c> that stay behind mean nothing.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    /// <summary>The file that is locked.</summary>
    public const string FileName = ".lock";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly FileStream stream;
    private readonly string ownerFile;

    private FolderLock(FileStream stream, string ownerFile)
    {
        this.stream = stream;
        this.ownerFile = ownerFile;
    }

    /// <summary>Takes the lock of a folder, which is created if need be.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="patience">How long to wait for another to release it; default: not at all.</param>
    /// <param name="token">Stops the waiting.</param>
    /// <exception cref="InputException">Another process (or another part of this one) holds it.</exception>
    public static FolderLock Acquire(string folder, TimeSpan patience = default, CancellationToken token = default)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return TryOnce(folder);
            }
            catch (InputException error) when (IsHeld(error) && Stopwatch.GetElapsedTime(start) < patience)
            {
                token.WaitHandle.WaitOne(Pause);
                token.ThrowIfCancellationRequested();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (stream.CanRead)
            File.Delete(ownerFile);
        stream.Dispose();
    }

    private static bool IsHeld(InputException error) => error.InnerException is { } inner && DiskErrors.IsHeldByAnother(inner);

    private static FolderLock TryOnce(string folder)
    {
        var lockFile = Path.Combine(folder, FileName);
        var ownerFile = Path.Combine(folder, ".lock.owner");
        FolderLock? result = null;
        DiskErrors.Guard(lockFile, () =>
        {
            Directory.CreateDirectory(folder);
            try
            {
                result = new(new(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), ownerFile);
            }
            catch (IOException error) when (DiskErrors.IsHeldByAnother(error))
            {
                throw new InputException(
                    "Another onnxkd is running in this folder.",
                    where: Path.GetFullPath(folder),
                    found: Owner(ownerFile),
                    remedy: "wait for it to finish, stop it, or choose another folder",
                    inner: error);
            }
            File.WriteAllText(ownerFile, Environment.ProcessId.ToString());
            AtomicFile.RemoveLeftovers(folder);
        });
        return result!;
    }

    private static string? Owner(string ownerFile)
    {
        try
        {
            return $"process {File.ReadAllText(ownerFile)}";
        }
        catch (IOException)
        {
            return null;
        }
    }
}
