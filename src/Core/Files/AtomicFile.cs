using System.Text;
using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>Files that are either whole or absent: written beside, flushed to the disk, renamed.</summary>
/// <remarks>
/// A process that is killed leaves at most a file named <c>NAME.*.tmp</c>, which nothing reads, and <see cref="RemoveLeftovers"/> removes.
/// </remarks>
internal static partial class AtomicFile
{
    /// <summary>Ends the names of files that are being written.</summary>
    public const string TemporarySuffix = ".tmp";

    // A file is locked a moment after it is made.
    private static readonly TimeSpan leastAge = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Writes a file through a callback; an existing file is replaced (what a link leads to, not the link), and stays as it is if the callback throws.
    /// </summary>
    /// <param name="path">The file, in an existing folder.</param>
    /// <param name="write">Writes the content to the stream, which can seek.</param>
    /// <param name="isDerived">
    /// Whether the file can be made again from others: then it is not flushed, which takes milliseconds, and may be empty after a power cut (not after
    /// a kill).
    /// </param>
    /// <exception cref="Errors.MachineException">The disk is full.</exception>
    /// <exception cref="InputException">The folder does not exist or may not be written, or a device, a pipe or a folder is in the place.</exception>
    public static void Write(string path, Action<Stream> write, bool isDerived = false) =>
        DiskErrors.Guard(path, () =>
        {
            var target = Replaceable(path);
            var temporary = $"{target}.{Guid.NewGuid():N}{TemporarySuffix}";
            try
            {
                using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
                {
                    write(stream);
                    stream.Flush(flushToDisk: !isDerived);
                    // While it is open it is locked, so that nobody takes it for a leftover.
                    if (!OperatingSystem.IsWindows())
                        File.Move(temporary, target, overwrite: true);
                }
                if (OperatingSystem.IsWindows())
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

    /// <summary>Removes the temporary files of writers that are gone. Those of living ones are locked, whatever process they belong to.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="recurse">Whether folders within it are looked at too; links are not followed.</param>
    public static void RemoveLeftovers(string folder, bool recurse = false)
    {
        var walk = new EnumerationOptions
        {
            RecurseSubdirectories = recurse, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true, MatchType = MatchType.Simple,
        };
        foreach (var file in Directory.EnumerateFiles(folder, $"*{TemporarySuffix}", walk).Where(file => Temporary().IsMatch(file)).ToList().Where(file => DateTime.UtcNow - File.GetLastWriteTimeUtc(file) > leastAge))
        {
            try
            {
                using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                    File.Delete(file);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is being written, or gone, or may not be removed: it does no harm.
            }
        }
    }

    /// <summary>Writes UTF-8 text without a byte-order mark.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteAllText(string path, string text, bool isDerived = false) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)), isDerived);

    private static string Replaceable(string path)
    {
        var target = Path.GetFullPath(path);
        if (new FileInfo(target) is { LinkTarget: not null } link)
            target = link.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        return FileStatus.Of(target).Kind is FileKind.None or FileKind.Regular ? target : throw new InputException(
            "What is in the place of a file to be written is not a file.", path, "a folder, a device, a pipe or a socket",
            "a regular file, or none", "choose another name");
    }

    [GeneratedRegex(@"\.[0-9a-f]{32}\.tmp$")]
    private static partial Regex Temporary();
}
