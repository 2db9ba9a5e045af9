using System.Runtime.InteropServices;
using System.Text;

namespace OnnxKd.TeacherRunner.Tests;

/// <summary>Writes float32 arrays in NumPy's format, version 1.0.</summary>
internal static class Npy
{
    public static void Write(string path, float[] values, params int[] shape)
    {
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({string.Join(", ", shape)},), }}";
        header = header.PadRight((header.Length + 10 + 64) / 64 * 64 - 11) + "\n"; // 10 bytes before it; the whole a multiple of 64
        using var file = File.Create(path);
        file.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
        file.Write(Encoding.ASCII.GetBytes(header));
        file.Write(MemoryMarshal.AsBytes<float>(values));
    }
}
