using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>Turns what the operating system says about a file into errors that a user can act on.</summary>
internal static class DiskErrors
{
    private const int HeldOnLinux = 11;
    private const int HeldOnMacOS = 35;
    private const int HeldOnWindows = unchecked((int)0x80070020);
    private const int TooManyFilesOfSystem = 23;
    private const int TooManyFilesOfProcess = 24;
    private const int FileTooLarge = 27;
    private const int ReadOnlyFileSystem = 30;
    private const int NameTooLong = 36;
    private const int TooManyLinks = 40;
    private const int NoSpaceOnUnix = 28;
    private const int QuotaOnUnix = 122;
    private const int NoSpaceOnWindows = unchecked((int)0x80070070);

    /// <summary>Whether an exception says that the disk, or the user's share of it, is full.</summary>
    public static bool IsFull(Exception error) =>
        error is IOException { HResult: NoSpaceOnUnix or QuotaOnUnix or NoSpaceOnWindows };

    /// <summary>Whether an exception says that the file system is read-only.</summary>
    public static bool IsReadOnly(Exception error) => error is IOException { HResult: ReadOnlyFileSystem };

    /// <summary>Whether an exception says that another process, or another part of this one, has locked the file.</summary>
    public static bool IsHeldByAnother(Exception error) => error is IOException { HResult: HeldOnLinux or HeldOnMacOS or HeldOnWindows };

    /// <summary>Whether an exception says that the process, or the system, has too many files open.</summary>
    public static bool IsOutOfDescriptors(Exception error) =>
        error is IOException { HResult: TooManyFilesOfSystem or TooManyFilesOfProcess };

    // Writing beyond the largest file that a process may have is not an IOException in .NET.
    private static bool IsTooLarge(Exception error) =>
        error is IOException { HResult: FileTooLarge } or ArgumentOutOfRangeException { ParamName: "value", Source: "System.Private.CoreLib" };

    /// <summary>The error that no more files can be opened. Nothing is wrong with the file.</summary>
    public static MachineException OutOfDescriptors(string path, Exception inner) => new(
        "Too many files are open.", path, inner.Message, remedy: "raise the limit (ulimit -n 4096), then run the same command again", inner: inner);

    private static string? FileAbove(string path)
    {
        var above = Path.GetDirectoryName(Path.GetFullPath(path));
        while (above is not null && !Path.Exists(above))
            above = Path.GetDirectoryName(above);
        return Directory.Exists(above) ? null : above;
    }

    /// <summary>Runs an action that writes a file; a full disk or a refused folder becomes an error that names the file.</summary>
    /// <param name="path">The file that is written.</param>
    /// <param name="write">The action.</param>
    /// <param name="bytes">How many bytes it needs, where known.</param>
    /// <exception cref="MachineException">The disk is full or failed.</exception>
    /// <exception cref="InputException">The folder does not exist or may not be written.</exception>
    public static void Guard(string path, Action write, long? bytes = null)
    {
        try
        {
            write();
        }
        catch (IOException error) when (IsFull(error))
        {
            throw new MachineException(
                "The disk is full.",
                where: path,
                expected: bytes is null ? null : $"room for {bytes:N0} bytes",
                remedy: "free some space or choose another folder, then run the same command again; finished work is kept",
                inner: error);
        }
        catch (IOException error) when (IsOutOfDescriptors(error))
        {
            throw OutOfDescriptors(path, error);
        }
        catch (Exception error) when (IsTooLarge(error))
        {
            throw new MachineException(
                "A file would be larger than this process, or the file system, allows.", path, error.Message,
                remedy: "raise the limit (ulimit -f unlimited) or choose another folder, then run the same command again; finished work is kept", inner: error);
        }
        catch (IOException error) when (IsReadOnly(error))
        {
            throw new InputException("A file system is read-only.", path, remedy: "choose a folder that you may write", inner: error);
        }
        catch (Exception error) when (error is PathTooLongException or IOException { HResult: NameTooLong })
        {
            throw new InputException(
                "A file's name is too long.", path, $"{Path.GetFileName(path).Length} characters in the last part",
                remedy: "choose a shorter name", inner: error);
        }
        catch (IOException error) when (error.HResult == TooManyLinks)
        {
            throw new InputException("A link leads back to itself.", path, error.Message, remedy: "remove it, or choose another folder", inner: error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new InputException(
                "A file may not be written.",
                where: path,
                found: error.Message,
                remedy: "choose a folder that you may write",
                inner: error);
        }
        catch (DirectoryNotFoundException error)
        {
            throw FileAbove(path) is { } file
                ? new InputException("A file is in the place of a folder.", where: path, found: file, remedy: "choose another folder", inner: error)
                : new InputException("The folder of a file to be written does not exist.", where: path, remedy: "create it or choose another", inner: error);
        }
        catch (IOException error)
        {
            throw new MachineException(
                "A file cannot be written.", path, error.Message, remedy: "check the disk and the path, then run the same command again", inner: error);
        }
    }
}
