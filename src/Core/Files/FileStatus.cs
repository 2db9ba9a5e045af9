using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OnnxKd.Core.Files;

/// <summary>What a path leads to, links followed.</summary>
internal enum FileKind
{
    /// <summary>Nothing, or it may not be looked at.</summary>
    None,

    /// <summary>A file with bytes at positions.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A named pipe: opening it waits for a writer, perhaps for ever.</summary>
    Pipe,

    /// <summary>A device, which may be endless, or do something when it is read.</summary>
    Device,

    /// <summary>A socket.</summary>
    Socket,
}

/// <summary>What the file system says of a file without opening it; .NET does not tell a pipe from a file.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Identity">The same for every path that leads to it.</param>
/// <param name="Stamp">Differs when the content was changed through the file system.</param>
internal readonly partial record struct FileStatus(FileKind Kind, long Length, (long Device, long Inode) Identity, (long Modified, long Changed) Stamp)
{
    private const int CurrentFolder = -100;
    private const int EmptyPath = 0x1000;
    private const uint BasicFields = 0x7ff;
    private const int KindMask = 0xf000;
    private const int BufferBytes = 256;

    /// <summary>Looks at a path.</summary>
    public static FileStatus Of(string path)
    {
        if (!OperatingSystem.IsLinux())
            return Portable(path);
        Span<byte> buffer = stackalloc byte[BufferBytes];
        return StatX(CurrentFolder, path, 0, BasicFields, buffer) == 0 ? Parse(buffer) : default;
    }

    /// <summary>Looks at an open file.</summary>
    public static FileStatus Of(SafeFileHandle handle)
    {
        Span<byte> buffer = stackalloc byte[BufferBytes];
        if (OperatingSystem.IsLinux() && StatX((int)handle.DangerousGetHandle(), "", EmptyPath, BasicFields, buffer) == 0)
            return Parse(buffer);
        return new(FileKind.Regular, RandomAccess.GetLength(handle), default, (File.GetLastWriteTimeUtc(handle).Ticks, 0));
    }

    private static FileStatus Portable(string path) =>
        Directory.Exists(path) ? new(FileKind.Folder, 0, PathIdentity(path), default)
        : new FileInfo(path) is { Exists: true } file ? new(FileKind.Regular, file.Length, PathIdentity(path), (file.LastWriteTimeUtc.Ticks, 0))
        : default;

    private static (long Device, long Inode) PathIdentity(string path) => (0, Path.GetFullPath(path).GetHashCode());

    // The layout of struct statx is the same on every architecture.
    private static FileStatus Parse(ReadOnlySpan<byte> buffer) => new(
        (BinaryPrimitives.ReadUInt16LittleEndian(buffer[28..]) & KindMask) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Folder,
            0x1000 => FileKind.Pipe,
            0xc000 => FileKind.Socket,
            _ => FileKind.Device,
        },
        BinaryPrimitives.ReadInt64LittleEndian(buffer[40..]),
        (BinaryPrimitives.ReadInt64LittleEndian(buffer[136..]), BinaryPrimitives.ReadInt64LittleEndian(buffer[32..])),
        (Time(buffer[112..]), Time(buffer[96..])));

    private static long Time(ReadOnlySpan<byte> time) =>
        BinaryPrimitives.ReadInt64LittleEndian(time) * 1_000_000_000 + BinaryPrimitives.ReadInt32LittleEndian(time[8..]);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> buffer);
}
