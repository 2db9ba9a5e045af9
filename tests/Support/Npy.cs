using System.Runtime.InteropServices;
using System.Text;

namespace OnnxKd.Tests;

/// <summary>Writes NPY files, version 1.0.</summary>
internal static class Npy
{
    public static void Write<T>(string path, T[] values, params int[] shape)
        where T : unmanaged
    {
        var type = typeof(T) == typeof(float) ? "<f4" : typeof(T) == typeof(byte) ? "|u1" : "<i8";
        var dims = string.Concat(shape.Select(size => $"{size}, "));
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({dims}), }}".PadRight(117) + "\n";
        using var file = File.Create(path);
        file.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0]);
        file.Write(Encoding.ASCII.GetBytes(header));
        file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }
}
