using System.Text;

namespace OnnxKd.Core.Files;

/// <summary>Files that are either whole or absent: written beside, flushed to the disk, renamed.</summary>
/// <remarks>A process that is killed leaves at most a file named <c>NAME.*.tmp</c>, which nothing reads.</remarks>
public static class AtomicFile
{
    /// <summary>Ends the names of files that are being written.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>Writes a file through a callback; an existing file is replaced, and stays as it is if the callback throws.</summary>
    /// <param name="path">The file, in an existing folder.</param>
    /// <param name="write">Writes the content to the stream, which can seek.</param>
    /// <param name="isDerived">
    /// Whether the file can be made again from others: then it is not flushed, which takes milliseconds, and may be empty after a power cut (not after
    /// a kill).
    /// </param>
    /// <exception cref="Errors.MachineException">The disk is full.</exception>
    /// <exception cref="Errors.InputException">The folder does not exist or may not be written.</exception>
    public static void Write(string path, Action<Stream> write, bool isDerived = false) =>
        DiskErrors.Guard(path, () =>
        {
            var target = Path.GetFullPath(path);
            var temporary = $"{target}.{Guid.NewGuid():N}{TemporarySuffix}";
            try
            {
                using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
                {
                    write(stream);
                    stream.Flush(flushToDisk: !isDerived);
                }
                File.Move(temporary, target, overwrite: true);
                if (!isDerived)
                    FolderFlush.ToDisk(Path.GetDirectoryName(target)!);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        });

    /// <summary>Writes UTF-8 text without a byte-order mark.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteAllText(string path, string text, bool isDerived = false) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)), isDerived);
}
