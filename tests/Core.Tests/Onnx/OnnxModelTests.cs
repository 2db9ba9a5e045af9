using System.Security.Cryptography;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.Core.Tests.Onnx;

public sealed class OnnxModelTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Load_NewerIrVersionThatNothingUses_IsReadAsOneThatOnnxRuntimeReads()
    {
        var proto = Models.Small();
        proto.IrVersion = 14;
        File.WriteAllBytes(folder["new.onnx"], proto.ToByteArray());

        var model = OnnxModel.Load(folder["new.onnx"]);

        Assert.Equal((14, 13), (model.NewerIrVersion, model.Proto.IrVersion));
        Assert.Equal(13, ModelProto.Parser.ParseFrom(RunnableModel.Read(folder["new.onnx"]).Bytes).IrVersion);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder["new.onnx"]))), model.Digest);
    }

    [Fact]
    public void Load_NewerIrVersionWithItsOwnFields_IsRefusedByItsVersion()
    {
        var proto = Models.Small();
        proto.IrVersion = 14;
        proto.Graph.MergeFrom(new byte[] { 0xC2, 0x06, 1, 7 }); // field 104 of one byte, which no version has
        File.WriteAllBytes(folder["new.onnx"], proto.ToByteArray());

        Assert.Contains("IR version 14", Assert.Throws<UnsupportedModelException>(() => OnnxModel.Load(folder["new.onnx"])).Message);
    }

    [Fact]
    public void Save_ThenLoad_GivesTheSameModelAndBytes()
    {
        var model = OnnxModel.FromProto(Models.Small());
        model.Save(folder["m.onnx"]);

        var loaded = OnnxModel.Load(folder["m.onnx"]);

        Assert.Equal(Models.Small(), loaded.Proto);
        Assert.Equal(File.ReadAllBytes(loaded.Path!), loaded.ToBytes());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(model.ToBytes())), loaded.Digest);
        Assert.Equal(model.Digest, loaded.Digest);
        Assert.Equal(9, loaded.ParameterCount);
    }

    [Fact]
    public void Load_FieldsThatTheSchemaDoesNotKnow_SurviveASave()
    {
        // ModelProto.configuration (26) of IR version 11, and NodeProto.overload (8) of IR version 10.
        byte[] configuration = [0xD2, 0x01, 3, (byte)'a', (byte)'b', (byte)'c'];
        byte[] overload = [0x42, 3, (byte)'f', (byte)'p', (byte)'8'];
        var proto = Models.Small();
        proto.Graph.Node[0] = NodeProto.Parser.ParseFrom([.. proto.Graph.Node[0].ToByteArray(), .. overload]);
        var path = folder.Write("m.onnx", [.. proto.ToByteArray(), .. configuration]);

        OnnxModel.Load(path).Save(folder["copy.onnx"]);

        var copy = File.ReadAllBytes(folder["copy.onnx"]);
        Assert.True(copy.AsSpan().IndexOf(configuration) > 0);
        Assert.True(copy.AsSpan().IndexOf(overload) > 0);
        Assert.Equal(File.ReadAllBytes(path), copy);
    }

    [Fact]
    public void SaveAndContentDigest_OfAModelOfManyBuffers_AreThoseOfItsBytes()
    {
        var proto = Models.Small();
        proto.Graph.Initializer.Add(TensorData.Wrap("large", ElementType.UInt8, [.. Enumerable.Range(0, 300_007).Select(i => (byte)(i * i))], 300_007));
        var model = OnnxModel.FromProto(proto);

        model.Save(folder["m.onnx"]);

        Assert.Equal(proto.ToByteArray(), File.ReadAllBytes(folder["m.onnx"]));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(proto.ToByteArray())), model.ContentDigest);
    }

    [Fact]
    public void ContentDigest_OfAModelChangedAfterLoading_Changes()
    {
        OnnxModel.FromProto(Models.Small()).Save(folder["m.onnx"]);
        var model = OnnxModel.Load(folder["m.onnx"]);
        var before = (model.Digest, model.ContentDigest);

        model.SetMetadata("seed", "1");

        Assert.Equal(before.Digest, before.ContentDigest);
        Assert.Equal(before.Digest, model.Digest);
        Assert.NotEqual(before.ContentDigest, model.ContentDigest);
    }

    [Fact]
    public void SetMetadata_SameKeyTwice_Replaces()
    {
        var model = OnnxModel.FromProto(Models.Small());
        model.SetMetadata("seed", "1");
        model.SetMetadata("seed", "2");

        Assert.Equal("2", model.GetMetadata("seed"));
        Assert.Single(model.Proto.MetadataProps);
    }

    [Fact]
    public void Load_MissingFile_IsRefused() =>
        Assert.Contains("missing", Assert.Throws<InputException>(() => OnnxModel.Load(folder["no.onnx"])).Message);

    [Theory]
    [InlineData("", "empty file")]
    [InlineData("this is a text file about models\n", "not an ONNX model")]
    [InlineData("PK\u0003\u0004 archive", "ZIP archive")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer")]
    public void Load_AnotherKindOfFile_IsRefused(string content, string message)
    {
        var path = folder.Write("m.onnx", System.Text.Encoding.UTF8.GetBytes(content));

        Assert.Contains(message, Assert.Throws<InputException>(() => OnnxModel.Load(path)).Message);
    }

    [Fact]
    public void Load_EveryTruncation_IsRefused()
    {
        var whole = Models.Small().ToByteArray();
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder.Write("cut.onnx", whole.AsSpan(0, length));
            Assert.ThrowsAny<OnnxKdException>(() => OnnxModel.Load(path));
        }
    }

    [Fact]
    public void Load_TruncatedInTheGraph_SaysWhereTheFieldBegins()
    {
        var whole = Models.Small().ToByteArray();
        var path = folder.Write("cut.onnx", whole.AsSpan(0, whole.Length / 2));

        Assert.Contains("truncated or damaged", Assert.Throws<InputException>(() => OnnxModel.Load(path)).Message);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0x08, 0x08 })]
    public void Load_TrailingBytes_IsRefused(byte[] garbage)
    {
        var path = folder.Write("m.onnx", [.. Models.Small().ToByteArray(), .. garbage]);

        Assert.Throws<InputException>(() => OnnxModel.Load(path));
    }

    [Fact]
    public void Load_TwoModelsInOneFile_IsRefused()
    {
        var bytes = Models.Small().ToByteArray();
        var path = folder.Write("m.onnx", [.. bytes, .. bytes]);

        Assert.Contains("after its end", Assert.Throws<InputException>(() => OnnxModel.Load(path)).Message);
    }

    public static TheoryData<string, Action<ModelProto>> Breakages => new()
    {
        { "no graph", m => m.Graph = null },
        { "too old", m => m.IrVersion = 0 },
        { "too old", m => m.IrVersion = 2 },
        { "does not import the operator set", m => m.OpsetImport.Clear() },
        { "does not import the operator set", m => m.Graph.Node[1].Domain = "com.example" },
        { "imports are wrong", m => m.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = 17 }) },
        { "imports are wrong", m => m.OpsetImport[0].Version = 0 },
        { "input", m => m.Graph.Input.Add(m.Graph.Input[0].Clone()) },
        { "initializer", m => m.Graph.Initializer.Add(m.Graph.Initializer[0].Clone()) },
        { "initializer", m => m.Graph.Initializer[0].Name = "" },
        { "output", m => m.Graph.Output.Add(m.Graph.Output[0].Clone()) },
        { "'h'", m => m.Graph.Node[1].Output[0] = "h" },
        { "'x'", m => m.Graph.Node[0].Output[0] = "x" },
        { "does not exist", m => m.Graph.Node[0].Input[1] = "nowhere" },
        { "made after it", m => m.Graph.Node[0].Input[0] = "y" },
        { "made by no node", m => m.Graph.Output[0].Name = "z" },
        { "no operator", m => m.Graph.Node[0].OpType = "" },
        { "does not fit its shape", m => m.Graph.Initializer[0].RawData = ByteString.CopyFrom(new byte[23]) },
        { "does not fit its shape", m => m.Graph.Initializer[1].Dims[0] = 4 },
        { "does not fit its shape", m => m.Graph.Initializer[1].RawData = Google.Protobuf.ByteString.Empty },
        { "shape is impossible", m => m.Graph.Initializer[0].Dims[0] = -1 },
        { "shape is impossible", m => m.Graph.Initializer[0].Dims[0] = long.MaxValue },
        { "unknown element type", m => m.Graph.Initializer[0].DataType = 999 },
        { "unknown element type", m => m.Graph.Initializer[0].DataType = 0 },
    };

    [Theory]
    [MemberData(nameof(Breakages))]
    public void FromProto_BrokenModel_SaysWhatIsWrong(string message, Action<ModelProto> breakIt)
    {
        var proto = Models.Small();
        breakIt(proto);

        Assert.Contains(message, Assert.ThrowsAny<OnnxKdException>(() => OnnxModel.FromProto(proto)).Message);
    }

    [Fact]
    public void FromProto_SubgraphReadsOuterTensor_IsAccepted()
    {
        var proto = Models.Small();
        var branch = new GraphProto
        {
            Name = "branch",
            Node = { new NodeProto { OpType = "Neg", Input = { "h" }, Output = { "n" } } },
            Output = { ValueInfo.Create("n", Core.Tensors.ElementType.Float32) },
        };
        proto.Graph.Node[1].Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeType.Graph, G = branch });

        OnnxModel.FromProto(proto);

        branch.Node[0].Input[0] = "y";
        Assert.Contains("branch", Assert.Throws<InputException>(() => OnnxModel.FromProto(proto)).Message);
    }

    [Fact]
    public void FromProto_InitializerListedAsInput_IsAccepted()
    {
        var proto = Models.Small();
        proto.Graph.Input.Add(ValueInfo.Create("w", Core.Tensors.ElementType.Float32, 2, 3));

        var model = OnnxModel.FromProto(proto);

        Assert.Equal(["x"], new GraphIndex(model.Proto.Graph).Inputs.Select(i => i.Name));
    }

    [Fact]
    public void ParameterCount_WeightsInConstants_AreCounted()
    {
        var proto = Models.Small();
        var constant = new NodeProto { OpType = "Constant", Output = { "w" } };
        constant.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = proto.Graph.Initializer[0] });
        proto.Graph.Initializer.RemoveAt(0);
        proto.Graph.Initializer.Add(TensorData.Create("shape", [2L, 3L], 2));
        proto.Graph.Node.Insert(0, constant);

        Assert.Equal(9, OnnxModel.FromProto(proto).ParameterCount);
    }
}
