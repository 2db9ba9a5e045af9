using System.Text;
using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>Files that are either whole or absent: written beside, flushed to the disk, renamed.</summary>
/// <remarks>
/// A process that is killed leaves at most a file named <c>NAME.*.tmp</c>, which nothing reads, and <see cref="RemoveLeftovers"/> removes. What is being
/// written is locked: so a leftover is known at once, whatever process or machine it was made by.
/// </remarks>
internal static partial class AtomicFile
{
    /// <summary>Ends the names of files that are being written.</summary>
    public const string TemporarySuffix = ".tmp";

    // Where locks are not kept (Windows between closing and renaming, some network file systems), time must tell.
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
            var stream = CreateLocked(target);
            var temporary = stream.Name;
            try
            {
                using (stream)
                {
                    write(stream);
                    stream.Flush(flushToDisk: !isDerived);
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
    /// <param name="folder">The folder; where there is none, there are none.</param>
    /// <param name="recurse">Whether folders within it are looked at too; links are not followed.</param>
    /// <param name="of">The file that they were to become; default: any.</param>
    public static void RemoveLeftovers(string folder, bool recurse = false, string? of = null)
    {
        if (!Directory.Exists(folder))
            return;
        var walk = new EnumerationOptions
        {
            RecurseSubdirectories = recurse, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true, MatchType = MatchType.Simple,
        };
        foreach (var file in Directory.EnumerateFiles(folder, $"*{TemporarySuffix}", walk).Where(IsTemporary).ToList())
            RemoveUnlessLocked(file);

        bool IsTemporary(string file) => Temporary().Match(Path.GetFileName(file)) is { Success: true } name && (of is null || name.Groups[1].Value == of);
    }

    private static void RemoveUnlessLocked(string file)
    {
        try
        {
            using var mine = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            if (IsLockKept(file) || DateTime.UtcNow - File.GetLastWriteTimeUtc(file) > leastAge)
                File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is being written, or gone, or may not be removed: it does no harm.
        }
    }

    /// <summary>Whether the lock that this process has on a file keeps others out: one that can be had twice does not.</summary>
    private static bool IsLockKept(string file)
    {
        if (OperatingSystem.IsWindows())
            return false;
        try
        {
            new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            return false;
        }
        catch (IOException error)
        {
            return DiskErrors.IsHeldByAnother(error);
        }
    }

    /// <summary>Creates a file beside another. It is locked a moment after it is made: one that was taken for a leftover before that is made again.</summary>
    private static FileStream CreateLocked(string target)
    {
        while (true)
        {
            try
            {
                var stream = new FileStream(
                    $"{target}.{Guid.NewGuid():N}{TemporarySuffix}", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
                if (File.Exists(stream.Name))
                    return stream;
                stream.Dispose();
            }
            catch (IOException error) when (DiskErrors.IsHeldByAnother(error))
            {
                // Whoever holds it removes it.
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

    [GeneratedRegex(@"^(.+)\.[0-9a-f]{32}\.tmp$")]
    private static partial Regex Temporary();
}
