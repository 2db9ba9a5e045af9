using System.Buffers.Binary;
using System.Text.Json;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Safetensors;

/// <summary>
/// Writes safetensors files. Equal tensors and metadata give equal bytes: tensors are ordered by element size (wide ones first, so that
/// every tensor is aligned), then by name; metadata by key; the header is padded with spaces to a multiple of 8 bytes.
/// </summary>
internal static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>Writes a file atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Its tensors, of distinct names.</param>
    /// <param name="metadata">Texts to come along.</param>
    /// <exception cref="ArgumentException">
    /// A name is used twice or reserved, or a tensor wrote another number of bytes than its shape says.
    /// </exception>
    /// <exception cref="Errors.MachineException">The disk is full.</exception>
    public static void Write(
        string path, IEnumerable<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));

    /// <summary>Writes to a stream.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{SafetensorsTensor}, IReadOnlyDictionary{string, string}?)"/>
    public static void Write(
        Stream stream, IEnumerable<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        SafetensorsTensor[] ordered = [.. tensors.OrderByDescending(t => t.Type.Size()).ThenBy(t => t.Name, StringComparer.Ordinal)];
        var names = new HashSet<string>(StringComparer.Ordinal) { SafetensorsHeader.MetadataKey };
        if (Array.Find(ordered, tensor => !names.Add(tensor.Name)) is { } repeated)
            throw new ArgumentException($"The tensor name '{repeated.Name}' is reserved or used twice.", nameof(tensors));

        var header = Header(ordered, metadata);
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in ordered)
        {
            var start = stream.Position;
            tensor.WriteTo(stream);
            if (stream.Position - start != BytesOf(tensor))
                throw new ArgumentException(
                    $"Tensor '{tensor.Name}' wrote {stream.Position - start} bytes; its shape needs {BytesOf(tensor)}.", nameof(tensors));
        }
    }

    /// <summary>The header of tensors that lie in the given order.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="metadata">Texts to come along.</param>
    /// <param name="bytes">Its least length, reached with spaces; it is a multiple of 8 in any case.</param>
    internal static byte[] Header(
        IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata, long bytes = 0)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", SafetensorsTypes.NameOf(tensor.Type));
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [offset, offset += BytesOf(tensor)]);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length < bytes || buffer.Length % Alignment != 0)
            buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static long BytesOf(SafetensorsTensor tensor) => Shapes.TryBytes(tensor.Type, tensor.Shape, out var bytes)
        ? bytes
        : throw new ArgumentException($"Tensor '{tensor.Name}' has an impossible shape {Shapes.Format(tensor.Shape)}.");
}
