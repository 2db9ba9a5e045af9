using System.IO.Compression;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>Helpers of the tests of file formats.</summary>
internal static class TestSets
{
    public static float[] Read(TransferSet set, params long[] rows)
    {
        var values = new float[rows.Length * set.SampleElements];
        set.Read(rows, values);
        return values;
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionMode.Compress))
            gzip.Write(bytes);
        return stream.ToArray();
    }

    public static byte[] Zip(CompressionLevel level, params (string Name, byte[] Bytes)[] entries)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            foreach (var (name, bytes) in entries)
            {
                using var entry = archive.CreateEntry(name, level).Open();
                entry.Write(bytes);
            }
        }
        return stream.ToArray();
    }

    /// <summary>An NPY file as numpy.save writes it.</summary>
    public static byte[] Npy(string descr, string shape, byte[] data, int version = 1, string fortran = "False")
    {
        var header = $"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}";
        var start = version == 1 ? 10 : 12;
        header = header.PadRight((start + header.Length) / 64 * 64 + 64 - start - 1) + "\n";
        var text = System.Text.Encoding.UTF8.GetBytes(header);
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. text, .. data];
    }
}
