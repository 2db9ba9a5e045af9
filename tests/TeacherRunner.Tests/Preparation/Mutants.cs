using System.Buffers.Binary;
using System.IO.Hashing;
using OnnxKd.Core.Randomness;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>Damages files in the ways of disks, transfers and editors; every mutant depends on its number alone.</summary>
internal static class Mutants
{
    /// <summary>The kinds of damage.</summary>
    public static readonly string[] Kinds =
        ["cut", "bit", "bytes", "signature", "number", "hole", "doubled", "zeros", "tail", "mark", "checksummed"];

    /// <summary>A damaged copy of a file.</summary>
    public static (string Kind, byte[] File) Make(byte[] whole, ulong number)
    {
        var random = new CounterRandom(18, RandomPurpose.Rendering, number);
        var file = whole.ToArray();
        var kind = Kinds[number % (ulong)Kinds.Length];
        var (from, length) = (random.NextInt32(0, file.Length), random.NextInt32(1, 1 + Math.Max(1, file.Length / 8)));
        var to = Math.Min(file.Length, from + length);
        switch (kind)
        {
            case "cut":
                return (kind, file[..from]);
            case "bit":
                file[from] ^= (byte)(1 << random.NextInt32(0, 8));
                return (kind, file);
            case "signature":
                file[random.NextInt32(0, Math.Min(8, file.Length))] ^= (byte)random.NextInt32(1, 256);
                return (kind, file);
            case "number": // a length or a size, where most of them stand: near the beginning
                from = Math.Min(file.Length - 4, random.NextInt32(2, Math.Min(file.Length, 700)));
                Span<uint> values = [0, 1, 0xffff, 0xffffff, 0x7fffffff, 0x80000000, uint.MaxValue, random.NextUInt32()];
                BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(from), values[random.NextInt32(0, values.Length)]);
                return (kind, file);
            case "hole":
                return (kind, [.. file[..from], .. file[to..]]);
            case "doubled":
                return (kind, [.. file[..to], .. file[from..]]);
            case "zeros":
                file.AsSpan(from..to).Clear();
                return (kind, file);
            case "tail":
                return (kind, [.. file, .. Bytes(ref random, length)]);
            case "mark": // a mark of JPEG, of any kind, where none belongs
                file[Math.Min(file.Length - 2, from)] = 0xff;
                file[Math.Min(file.Length - 1, from + 1)] = (byte)random.NextInt32(0xc0, 0xff);
                return (kind, file);
            default: // some bytes, and for PNG with checksums that fit them, so that decoders see them
                for (var i = random.NextInt32(1, 9); i > 0; i--)
                    file[random.NextInt32(Math.Min(12, file.Length - 1), file.Length)] = (byte)random.NextUInt32();
                return (kind, kind == "checksummed" ? WithChecksums(file) : file);
        }
    }

    private static byte[] Bytes(ref CounterRandom random, int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
            bytes[i] = (byte)random.NextUInt32();
        return bytes;
    }

    /// <summary>Gives every chunk of a PNG file the checksum that fits it; other files are left as they are.</summary>
    public static byte[] WithChecksums(byte[] file)
    {
        if (file.Length < 8 || file[1] != 'P')
            return file;
        for (var at = 8; at + 12 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            if (length > file.Length - at - 12)
                break;
            BinaryPrimitives.WriteUInt32BigEndian(
                file.AsSpan(at + 8 + (int)length), Crc32.HashToUInt32(file.AsSpan(at + 4, 4 + (int)length)));
            at += 12 + (int)length;
        }
        return file;
    }
}
