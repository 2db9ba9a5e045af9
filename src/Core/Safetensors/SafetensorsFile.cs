using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Safetensors;

/// <summary>A safetensors file, mapped into memory: opening reads the header, and values are read where they lie. Thread-safe.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly SafetensorsHeader header;
    private byte* start;

    private SafetensorsFile(string path, FileStream stream)
    {
        Path = path;
        handle = stream.SafeFileHandle;
        header = SafetensorsHeader.Read(path, stream.Length, (offset, destination) =>
        {
            stream.Position = offset;
            stream.ReadExactly(destination);
        });
        map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The tensors by name, in the order of the file.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors => header.Tensors;

    /// <summary>Texts that came along.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its header: lengths, types, shapes; tensors fill the file without gap or overlap.</summary>
    /// <exception cref="InputException">The file is missing or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        var stream = InputFile.OpenStream(path, "A safetensors file", bufferSize: 0);
        try
        {
            return new(path, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file that onnxkd wrote: what is wrong with its content is damage. That a file may not be read says nothing about what is in it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is, to begin a sentence with.</param>
    /// <param name="damaged">The error about a damaged one, of what was found.</param>
    /// <exception cref="InputException">It is missing, or may not be read.</exception>
    public static SafetensorsFile OpenOurs(string path, string kind, Func<InputException, CheckFailedException> damaged)
    {
        InputFile.OpenHandle(path, kind).Dispose();
        try
        {
            return Open(path);
        }
        catch (InputException error)
        {
            throw damaged(error);
        }
    }

    /// <summary>The bytes of a tensor (little-endian elements), valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="InputException">There is no such tensor, or it is larger than 2 GB.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var entry = Find(name);
        return entry.Bytes <= Array.MaxLength ? Bytes(name, 0, (int)entry.Bytes) : throw new InputException(
            "A tensor is too large to be read at once.",
            where: $"{Path}, tensor '{name}'",
            found: $"{entry.Bytes} bytes",
            expected: "below 2 GB");
    }

    /// <summary>
    /// Reads a part of a tensor's bytes without the map, whose pages would stay in this process: for files larger than the memory.
    /// </summary>
    /// <param name="name">The tensor.</param>
    /// <param name="offset">The first byte, counted from the tensor's start.</param>
    /// <param name="destination">As many bytes as are wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part lies outside the tensor.</exception>
    public void Read(string name, long offset, Span<byte> destination)
    {
        var entry = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, entry.Bytes - destination.Length);
        if (handle.ReadWhole(destination, entry.Offset + offset) < destination.Length)
            throw new InputException("A safetensors file became shorter while it was read.", where: Path);
    }

    /// <summary>A part of a tensor's bytes, valid until <see cref="Dispose"/>.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="offset">The first byte, counted from the tensor's start.</param>
    /// <param name="count">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part lies outside the tensor.</exception>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int count)
    {
        ObjectDisposedException.ThrowIf(start is null, this);
        var entry = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, entry.Bytes - count);
        return new(start + entry.Offset + offset, count);
    }

    /// <summary>A tensor's values as float32, rounded to nearest from wider types.</summary>
    /// <exception cref="InputException">There is no such tensor, or it is larger than 2 GB.</exception>
    public float[] ToFloats(string name)
    {
        var bytes = Bytes(name);
        var type = Find(name).Type;
        var values = new float[bytes.Length / type.Size()];
        Elements.ToSingle(bytes, type, values);
        return values;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (start is null)
            return;
        start = null;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }

    private SafetensorsEntry Find(string name) => Tensors.TryGetValue(name, out var entry) ? entry : throw new InputException(
        "A safetensors file lacks a tensor.", where: Path, found: string.Join(", ", Tensors.Keys), expected: $"'{name}'");
}
