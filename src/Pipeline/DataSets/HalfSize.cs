using System.Buffers.Binary;
using OnnxKd.Core.Files;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>Pictures of a set at half their height and width: each pixel the mean of four, rounded.</summary>
internal static class HalfSize
{
    private const int Chunk = 1000;

    /// <summary>A set of another one's parts, as IDX files of bytes, with its labels.</summary>
    /// <param name="of">The other one: grey pictures of bytes, of even height and width.</param>
    /// <param name="content">What it is, in a line.</param>
    public static DataSet Of(DataSet of, string content) => new(
        $"{of.Name}-half", content, of.Licence, [], [.. of.Parts.Select(part => new DataPart(part.Name, $"{part.Name}-images-idx3-ubyte", $"{part.Name}-labels"))])
    {
        Derived = new(of.Name, Make),
    };

    private static void Make(DataSet source, string from, string to)
    {
        foreach (var part in source.Parts)
        {
            using var set = TransferSet.Open(new() { Samples = Path.Combine(from, part.Samples) });
            AtomicFile.Write(Path.Combine(to, $"{part.Name}-images-idx3-ubyte"), stream => Write(set, stream));
            File.Copy(Path.Combine(from, part.Labels!), Path.Combine(to, $"{part.Name}-labels"));
        }
    }

    private static void Write(TransferSet set, Stream stream)
    {
        var (height, width) = (set.SampleShape[0] / 2, set.SampleShape[1] / 2);
        var header = new byte[16];
        (header[2], header[3]) = (0x08, 3);
        foreach (var (axis, size) in new[] { (int)set.Count, height, width }.Index())
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + 4 * axis), size);
        stream.Write(header);
        var values = new float[Chunk * set.SampleElements];
        foreach (var rows in Enumerable.Range(0, (int)set.Count).Select(row => (long)row).Chunk(Chunk))
        {
            set.Read(rows, values);
            var halved = new byte[rows.Length * height * width];
            for (var i = 0; i < halved.Length; i++)
            {
                var (picture, x) = (i / (height * width) * set.SampleElements, i % width);
                var at = picture + i / width % height * 4 * width + 2 * x;
                halved[i] = (byte)((values[at] + values[at + 1] + values[at + 2 * width] + values[at + 2 * width + 1] + 2) / 4);
            }
            stream.Write(halved);
        }
    }
}
