using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Tests.Onnx;

/// <summary>Against the parser that Google.Protobuf generates.</summary>
public sealed class InPlaceReaderTests
{
    [Fact]
    public void Read_RawData_LiesInTheBytes()
    {
        var bytes = Models.Small().ToByteArray();

        var model = InPlaceReader.Read(bytes);

        Assert.Equal(Models.Small(), model);
        var tensors = model.Graph.Initializer.Where(tensor => !tensor.RawData.IsEmpty).ToArray();
        Assert.NotEmpty(tensors);
        Assert.All(tensors, tensor => Assert.True(tensor.RawData.Span.Overlaps(bytes)));
    }

    [Fact]
    public void Read_FieldsInPieces_MergesThem()
    {
        // A message may be stored in several pieces; of a single value given twice the last one counts.
        var (first, second) = (Models.Small(), Models.Small());
        first.Graph.Initializer[0].Name = "first";
        byte[] tensor = [.. first.Graph.Initializer[0].ToByteArray(), .. second.Graph.Initializer[0].ToByteArray()];
        byte[] graph = [.. first.Graph.ToByteArray(), 0x2A, .. Length(tensor.Length), .. tensor, .. second.Graph.ToByteArray()];
        byte[] bytes = [.. first.ToByteArray(), 0x3A, .. Length(graph.Length), .. graph, .. second.ToByteArray()];

        Assert.Equal(ModelProto.Parser.ParseFrom(bytes), InPlaceReader.Read(bytes));
    }

    [Fact]
    public void Read_AnyByteChanged_GivesOrRefusesTheSame()
    {
        var bytes = Models.Small().ToByteArray();
        var (read, refused) = (0, 0);
        foreach (var change in (byte[])[1, 2, 7, 8, 0x80, 0xFF])
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] ^= change;
                var expected = Outcome(ModelProto.Parser.ParseFrom, bytes);
                Assert.Equal(expected, Outcome(InPlaceReader.Read, bytes));
                _ = expected is null ? refused++ : read++;
                bytes[i] ^= change;
            }
        }
        Assert.True(read > 0 && refused > 0);
    }

    private static ByteString? Outcome(Func<byte[], ModelProto> parse, byte[] bytes)
    {
        try
        {
            return parse(bytes).ToByteString();
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static byte[] Length(int value) => value < 0x80 ? [(byte)value] : [(byte)(value | 0x80), .. Length(value >> 7)];
}
