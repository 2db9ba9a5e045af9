using System.Buffers.Binary;
using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.Safetensors;

/// <summary>Reads from a position of a file until the span is full.</summary>
internal delegate void ReadAt(long offset, Span<byte> destination);

/// <summary>
/// The head of a safetensors file: 8 bytes with the length of the header (little-endian), the header (a JSON object: name → type, shape,
/// range of bytes, and texts under <c>__metadata__</c>), then the tensors' bytes without a gap.
/// </summary>
/// <param name="Tensors">By name, in the order of the file.</param>
/// <param name="Metadata">Texts that came along.</param>
internal sealed record SafetensorsHeader(
    IReadOnlyDictionary<string, SafetensorsEntry> Tensors, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The largest header that the format allows.</summary>
    public const int MaxBytes = 100_000_000;

    /// <summary>The size of the header's length.</summary>
    public const int LengthBytes = 8;

    /// <summary>The key of the metadata in the header.</summary>
    public const string MetadataKey = "__metadata__";

    /// <summary>Reads and checks a header.</summary>
    /// <exception cref="InputException">It breaks a rule of the format.</exception>
    public static SafetensorsHeader Read(string path, long fileLength, ReadAt read)
    {
        if (fileLength < LengthBytes)
            throw Broken(path, "it is shorter than its header's length", $"{fileLength} bytes", $"at least {LengthBytes} bytes");
        Span<byte> prefix = stackalloc byte[LengthBytes];
        read(0, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxBytes)
            throw Broken(path, "its header is too long", $"{length} bytes", $"at most {MaxBytes}");
        if ((long)length > fileLength - LengthBytes)
            throw Broken(path, "it ends within its header", $"{fileLength} bytes", $"at least {LengthBytes + (long)length}");
        var json = new byte[(int)length];
        read(LengthBytes, json);
        if (json is not [(byte)'{', ..])
            throw Broken(path, "its header does not begin with '{'", json.Length == 0 ? "nothing" : $"0x{json[0]:x2}", "a JSON object");
        try
        {
            using var document = JsonDocument.Parse(json, new() { AllowDuplicateProperties = false });
            return Parse(path, document.RootElement, LengthBytes + (long)length, fileLength);
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error))
        {
            throw Broken(path, "its header is not valid JSON", error.Message, "a JSON object without repeated names", error);
        }
    }

    private static SafetensorsHeader Parse(string path, JsonElement root, long dataStart, long fileLength)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var entries = new List<SafetensorsEntry>();
        foreach (var property in root.EnumerateObject())
        {
            if (property.Name == MetadataKey)
                metadata = ParseMetadata(path, property.Value);
            else
                entries.Add(ParseEntry(path, property.Name, property.Value, dataStart, fileLength));
        }
        entries.Sort((a, b) => (a.Offset, a.Bytes, a.Name).CompareTo((b.Offset, b.Bytes, b.Name)));
        var expected = dataStart;
        foreach (var entry in entries)
        {
            if (entry.Offset != expected)
                throw Broken(
                    path,
                    entry.Offset > expected ? $"there is a gap before '{entry.Name}'" : $"'{entry.Name}' overlaps another tensor",
                    $"begin {entry.Offset - dataStart}",
                    $"begin {expected - dataStart}");
            expected += entry.Bytes;
        }
        if (expected != fileLength)
            throw Broken(path, "its tensors do not fill it", $"{fileLength} bytes", $"{expected} bytes");
        return new(entries.ToDictionary(e => e.Name, StringComparer.Ordinal), metadata);
    }

    private static Dictionary<string, string> ParseMetadata(string path, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(p => p.Value.ValueKind != JsonValueKind.String))
            throw Broken(path, "its metadata is malformed", value.ValueKind.ToString(), "an object of texts");
        return value.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!, StringComparer.Ordinal);
    }

    private static SafetensorsEntry ParseEntry(string path, string name, JsonElement value, long dataStart, long fileLength)
    {
        const string Form = """{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}""";
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Count() != 3
            || !value.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out var shapeValue) || !TryNumbers(shapeValue, out var shape)
            || !value.TryGetProperty("data_offsets", out var offsetsValue) || !TryNumbers(offsetsValue, out var offsets)
            || offsets.Length != 2)
            throw Broken(path, $"the entry of '{name}' is malformed", value.GetRawText(), Form);
        if (!SafetensorsTypes.TryParse(dtype.GetString()!, out var type))
            throw Broken(path, $"the type of '{name}' is not known", dtype.GetString()!, string.Join(", ", SafetensorsTypes.Names));
        if (!Shapes.TryBytes(type, shape, out var bytes))
            throw Broken(path, $"the shape of '{name}' is too large", Shapes.Format(shape), "less than 2^63 bytes");
        if (offsets[0] > offsets[1] || offsets[1] > fileLength - dataStart)
            throw Broken(
                path, $"the bytes of '{name}' lie outside the file", Shapes.Format(offsets), $"within [0, {fileLength - dataStart}]");
        if (offsets[1] - offsets[0] != bytes)
            throw Broken(
                path,
                $"the bytes of '{name}' do not fit its shape",
                $"{offsets[1] - offsets[0]} bytes",
                $"{bytes} ({type.Name()} {Shapes.Format(shape)})");
        return new(name, type, shape, dataStart + offsets[0], bytes);
    }

    private static bool TryNumbers(JsonElement value, out long[] numbers)
    {
        numbers = [];
        if (value.ValueKind != JsonValueKind.Array)
            return false;
        numbers = [.. value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt64(out var n) ? n : -1)];
        return numbers.All(n => n >= 0);
    }

    private static InputException Broken(string path, string why, string found, string expected, Exception? inner = null) =>
        new($"A safetensors file is damaged: {why}.", path, found, expected, "fetch or write it again", inner);
}
