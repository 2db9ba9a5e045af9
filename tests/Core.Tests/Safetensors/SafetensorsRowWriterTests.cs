using System.Runtime.InteropServices;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Tests.Safetensors;

public sealed class SafetensorsRowWriterTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData(5, 5)]
    [InlineData(3, 5)]
    [InlineData(9, 12_345)] // fewer digits in the header, and much room left over
    public void Complete_AnyNumberOfRows_IsAFileThatReadsBack(int rows, int maximum)
    {
        var path = Path.Combine(folder.Path, "rows.safetensors");
        using (var stream = File.Create(path))
        {
            var writer = new SafetensorsRowWriter(stream, "samples", ElementType.UInt8, [3], ["labels", "ids"], maximum);
            for (var row = 0; row < rows; row++)
                writer.Append([(byte)row, 7, 255], [row * 10, row]);
            writer.Complete();
        }

        using var file = SafetensorsFile.Open(path);
        Assert.Equal([rows, 3], file.Tensors["samples"].Shape);
        Assert.Equal(Enumerable.Range(0, rows).SelectMany(row => new byte[] { (byte)row, 7, 255 }), file.Bytes("samples").ToArray());
        Assert.Equal(Enumerable.Range(0, rows).Select(row => row * 10L), MemoryMarshal.Cast<byte, long>(file.Bytes("labels")).ToArray());
        Assert.Equal(Enumerable.Range(0, rows).Select(row => (long)row), MemoryMarshal.Cast<byte, long>(file.Bytes("ids")).ToArray());
        Assert.All(file.Tensors.Values, tensor => Assert.Equal(0, tensor.Offset % 8));
    }

    [Fact]
    public void Append_WrongLengthOrTooManyRows_Throws()
    {
        using var stream = new MemoryStream();
        var writer = new SafetensorsRowWriter(stream, "samples", ElementType.Float32, [1], ["ids"], 1);

        Assert.Throws<ArgumentException>(() => writer.Append([1, 2, 3], [0]));
        Assert.Throws<ArgumentException>(() => writer.Append([1, 2, 3, 4], []));
        writer.Append([1, 2, 3, 4], [0]);
        Assert.Throws<ArgumentException>(() => writer.Append([1, 2, 3, 4], [1]));
    }

    public void Dispose() => folder.Dispose();
}
