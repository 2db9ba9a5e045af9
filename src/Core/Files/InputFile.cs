using Microsoft.Win32.SafeHandles;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>
/// The one way to open what a user named: regular files alone, because a pipe may wait for ever and a device may never end. What cannot be opened
/// is an error that says why.
/// </summary>
internal static class InputFile
{
    private const string CheckThePath = "check the path; relative paths start from the current folder";

    /// <summary>Opens a file for positioned reads.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is, to begin a sentence with: <c>A model</c>.</param>
    /// <param name="ifMissing">What to do where there is none; default: check the path.</param>
    /// <param name="options">How it will be read.</param>
    /// <exception cref="InputException">It is missing, no regular file, or may not be read.</exception>
    /// <exception cref="MachineException">The process may not open more files.</exception>
    public static SafeFileHandle OpenHandle(string path, string kind, string? ifMissing = null, FileOptions options = FileOptions.None) =>
        Guard(path, kind, () => File.OpenHandle(path, options: options), ifMissing);

    /// <summary>Opens a file as a stream.</summary>
    /// <inheritdoc cref="OpenHandle"/>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is, to begin a sentence with.</param>
    /// <param name="bufferSize">Bytes that are read ahead.</param>
    public static FileStream OpenStream(string path, string kind, int bufferSize = 1 << 16) =>
        Guard(path, kind, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize));

    /// <summary>Reads a whole file.</summary>
    /// <inheritdoc cref="OpenHandle"/>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is, to begin a sentence with.</param>
    /// <param name="most">The largest length that is read.</param>
    /// <param name="ifMissing">What to do where there is none.</param>
    public static byte[] ReadAllBytes(string path, string kind, long most = int.MaxValue, string? ifMissing = null) => Guard(path, kind, () =>
    {
        var length = FileStatus.Of(path).Length;
        return length <= Math.Min(most, Array.MaxLength) ? File.ReadAllBytes(path) : throw new InputException(
            $"{kind} is too large.", path, $"{length:N0} bytes", $"at most {most:N0} bytes", "check that it is the file that was meant");
    }, ifMissing);

    /// <summary>Checks that a path leads to a regular file; nothing is opened.</summary>
    /// <inheritdoc cref="OpenHandle"/>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is, to begin a sentence with.</param>
    public static void RequireRegular(string path, string kind)
    {
        var found = FileStatus.Of(path).Kind;
        if (found is not (FileKind.None or FileKind.Regular))
            throw new InputException(
                $"{kind} cannot be opened.", path, Describe(found), "a regular file",
                found == FileKind.Folder ? "name the file in it" : "copy what it gives into a file first, and name that");
    }

    /// <summary>Reads a file in some way, after <see cref="RequireRegular"/>; refusals of the system become errors.</summary>
    /// <inheritdoc cref="OpenHandle"/>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is, to begin a sentence with.</param>
    /// <param name="read">Opens or reads it.</param>
    /// <param name="ifMissing">What to do where there is none.</param>
    public static T Guard<T>(string path, string kind, Func<T> read, string? ifMissing = null)
    {
        if (path.Contains('\0'))
            throw new InputException("A path holds a character that no path can hold.", path, "the character NUL", remedy: "correct the path");
        RequireRegular(path, kind);
        try
        {
            return read();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{kind} is missing.", where: path, remedy: ifMissing ?? CheckThePath, inner: error);
        }
        catch (IOException error) when (DiskErrors.IsOutOfDescriptors(error))
        {
            throw DiskErrors.OutOfDescriptors(path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{kind} cannot be opened.", where: path, found: error.Message, remedy: "check the path and who may read it", inner: error);
        }
    }

    private static string Describe(FileKind kind) => kind switch
    {
        FileKind.Folder => "a folder",
        FileKind.Pipe => "a named pipe",
        FileKind.Socket => "a socket",
        _ => "a device",
    };
}
