using Google.Protobuf;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Tests.Onnx;

public sealed class SharedModelsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Load_OfAFileThatStayedAsItIs_GivesTheSameModel()
    {
        OnnxModel.FromProto(Models.Small()).Save(folder["m.onnx"]);

        var first = SharedModels.Load(folder["m.onnx"]);

        Assert.Same(first, SharedModels.Load(folder["m.onnx"]));
        Assert.NotSame(first, OnnxModel.Load(folder["m.onnx"]));
        Assert.Equal(new FileInfo(folder["m.onnx"]).Length, first.FileBytes);
    }

    [Fact]
    public void Load_OfAFileThatWasReplaced_ReadsItAgain()
    {
        var (one, other) = (Models.Small(), Models.Small());
        other.ProducerName = new('x', Math.Max(1, one.ProducerName.Length));
        OnnxModel.FromProto(one).Save(folder["m.onnx"]);
        var first = SharedModels.Load(folder["m.onnx"]);
        OnnxModel.FromProto(other).Save(folder["m.onnx"]);

        var second = SharedModels.Load(folder["m.onnx"]);

        Assert.Equal(OnnxModel.Load(folder["m.onnx"]).Digest, second.Digest);
        Assert.NotEqual(first.Digest, second.Digest);
    }

    [Fact]
    public void Load_OfAModelWhoseExternalDataWasChanged_ReadsItAgain()
    {
        folder.Write("w.bin", new byte[24]);
        folder.Write("m.onnx", Models.External(("location", "w.bin")).ToByteArray());
        var first = SharedModels.Load(folder["m.onnx"]);
        Assert.Same(first, SharedModels.Load(folder["m.onnx"]));
        folder.Write("w.bin", [.. Enumerable.Repeat((byte)1, 24)]);

        Assert.NotEqual(first.Digest, SharedModels.Load(folder["m.onnx"]).Digest);
    }
}
