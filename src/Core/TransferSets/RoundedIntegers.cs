using System.Numerics;
using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Finds whole numbers of an array that float32 does not hold: samples are read as float32.</summary>
internal static class RoundedIntegers
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>The first one; <c>null</c>: there is none, or the array holds no numbers as wide.</summary>
    /// <param name="stored">The array.</param>
    /// <param name="first">Its first row that is looked at.</param>
    /// <param name="rows">How many rows are.</param>
    public static RoundedNumber? Find(StoredTensor stored, long first, long rows) => stored.Type switch
    {
        ElementType.Int64 => Find<long>(stored, first, rows),
        ElementType.UInt64 => Find<ulong>(stored, first, rows),
        ElementType.Int32 => Find<int>(stored, first, rows),
        ElementType.UInt32 => Find<uint>(stored, first, rows),
        _ => null,
    };

    private static RoundedNumber? Find<T>(StoredTensor stored, long first, long rows)
        where T : unmanaged, IBinaryInteger<T>
    {
        var most = Math.Max(1, ChunkBytes / Math.Max(1, stored.RowBytes));
        for (long row = first; row < first + rows; row += most)
        {
            var values = MemoryMarshal.Cast<byte, T>(stored.Rows(row, new byte[(int)Math.Min(most, first + rows - row) * stored.RowBytes]));
            var elements = stored.RowBytes / Marshal.SizeOf<T>();
            for (var i = 0; i < values.Length; i++)
                if (!IsExact(values[i]))
                    return new($"{i % elements}", $"sample {row + i / elements}", $"{values[i]}", float.CreateTruncating(values[i]));
        }

        return null;
    }

    private static bool IsExact<T>(T value)
        where T : IBinaryInteger<T> =>
        Int128.CreateChecked(value) is var exact && (Int128.Abs(exact) <= (Int128)PackedTensor.LargestExact || (Int128)(double)float.CreateTruncating(value) == exact);
}
