using System.Buffers.Binary;
using System.Text;

namespace OnnxKd.StudentTrainer.Tests.Logs;

/// <summary>A value of a summary.</summary>
internal sealed record ReadValue(long Step, double WallTime, string Tag, float? Scalar, IReadOnlyList<double>? Bucket, byte[]? Picture);

/// <summary>Reads files of TensorBoard's events by their published format: TFRecord with CRC-32C, and the fields of event.proto and summary.proto.</summary>
internal static class EventFileReader
{
    /// <summary>All values of a file, in order; the version must come first and every checksum be right.</summary>
    public static IReadOnlyList<ReadValue> Read(string path)
    {
        var (bytes, values, isFirst) = (File.ReadAllBytes(path), new List<ReadValue>(), true);
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            Assert.Equal(Masked(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            Assert.Equal(Masked(bytes.AsSpan(at + 12, length)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            var entry = Fields(bytes.AsSpan(at + 12, length).ToArray());
            if (isFirst)
                Assert.Equal("brain.Event:2", Encoding.UTF8.GetString(entry[3].Single().Bytes)); // file_version
            else
                values.AddRange(Values(entry));
            (isFirst, at) = (false, at + 16 + length);
        }
        return values;
    }

    private static IEnumerable<ReadValue> Values(ILookup<int, Field> entry)
    {
        var time = BitConverter.Int64BitsToDouble((long)entry[1].Single().Number); // wall_time
        var step = (long)(entry[2].FirstOrDefault()?.Number ?? 0);
        foreach (var value in entry[5].SelectMany(summary => Fields(summary.Bytes)[1]).Select(value => Fields(value.Bytes)))
            yield return new(
                step, time, Encoding.UTF8.GetString(value[1].Single().Bytes),
                value[2].FirstOrDefault() is { } scalar ? BitConverter.Int32BitsToSingle((int)scalar.Number) : null,
                value[5].FirstOrDefault() is { } histogram ? [.. Doubles(Fields(histogram.Bytes)[7].Single().Bytes)] : null,
                value[4].FirstOrDefault() is { } picture ? Fields(picture.Bytes)[4].Single().Bytes : null);
    }

    private static IEnumerable<double> Doubles(byte[] packed) => packed.Chunk(8).Select(bytes => BitConverter.ToDouble(bytes));

    /// <summary>The fields of a message, by their numbers (protobuf's wire format).</summary>
    private static ILookup<int, Field> Fields(byte[] message)
    {
        var (fields, at) = (new List<Field>(), 0);
        while (at < message.Length)
        {
            var key = Varint();
            fields.Add((key & 7) switch
            {
                0 => new((int)(key >> 3), Varint(), []),
                1 => new((int)(key >> 3), BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan((at += 8) - 8)), []),
                2 => new((int)(key >> 3), 0, Bytes((int)Varint())),
                5 => new((int)(key >> 3), BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan((at += 4) - 4)), []),
                var type => throw new InvalidDataException($"wire type {type}"),
            });
        }
        return fields.ToLookup(field => field.Id);

        ulong Varint()
        {
            for (var (value, shift) = (0UL, 0); ; shift += 7)
            {
                value |= (ulong)(message[at] & 0x7f) << shift;
                if (message[at++] < 0x80)
                    return value;
            }
        }

        byte[] Bytes(int count) => message[at..(at += count)];
    }

    /// <summary>CRC-32C bit by bit, by its polynomial, and TFRecord's mask.</summary>
    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78 : crc >> 1;
        }
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
    }

    private sealed record Field(int Id, ulong Number, byte[] Bytes);
}
