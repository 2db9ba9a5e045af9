using System.Buffers.Binary;
using System.Numerics;

namespace OnnxKd.Core.Files;

/// <summary>
/// CRC-32C (Castagnoli), as in iSCSI (RFC 3720, appendix B.4): for torn and changed records, many times quicker than a cryptographic hash.
/// </summary>
internal static class Crc32C
{
    /// <summary>The checksum of bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var last in bytes)
            crc = BitOperations.Crc32C(crc, last);
        return ~crc;
    }
}
