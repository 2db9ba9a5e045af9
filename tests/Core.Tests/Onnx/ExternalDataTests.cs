using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Google.Protobuf;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Tests.Onnx;

public sealed class ExternalDataTests : IDisposable
{
    private static readonly byte[] Weights = MemoryMarshal.AsBytes<float>([9f, 1f, 2f, 3f, 4f, 5f, 6f, 9f]).ToArray();

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Load_DataBesideTheModel_IsReadIn()
    {
        folder.Write("w.bin", Weights);
        var path = Save(("location", "w.bin"), ("offset", "4"), ("length", "24"));

        var model = OnnxModel.Load(path);

        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f], model.Proto.Graph.Initializer[0].ToFloats());
        Assert.Empty(model.Proto.Graph.Initializer[0].ExternalData);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. File.ReadAllBytes(path), .. Weights[4..28]])), model.Digest);
        Assert.Equal(new FileInfo(path).Length + Weights.Length, model.FileBytes);
        model.Save(folder["one.onnx"]);
        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f], OnnxModel.Load(folder["one.onnx"]).Proto.Graph.Initializer[0].ToFloats());
    }

    [Fact]
    public void Load_DataInASubfolderWithoutOffsetAndLength_IsReadIn()
    {
        Directory.CreateDirectory(folder["data"]);
        folder.Write("data/w.bin", Weights);

        var model = OnnxModel.Load(Save(("location", "data/w.bin")));

        Assert.Equal([9f, 1f, 2f, 3f, 4f, 5f], model.Proto.Graph.Initializer[0].ToFloats());
    }

    [Theory]
    [InlineData("missing", "location", "gone.bin")]
    [InlineData("outside the model's folder", "location", "../w.bin")]
    [InlineData("outside the model's folder", "location", "data/../../w.bin")]
    [InlineData("outside the model's folder", "location", "/etc/hostname")]
    [InlineData("outside the model's folder", "location", "..\\w.bin")]
    [InlineData("no location", "location", "")]
    [InlineData("outside its file", "offset", "9")]
    [InlineData("outside its file", "offset", "9223372036854775807")]
    [InlineData("not a number", "offset", "-4")]
    [InlineData("not a number", "length", "many")]
    [InlineData("does not fit the tensor", "length", "20")]
    [InlineData("described wrongly", "extra", "1")]
    public void Load_BadEntry_IsRefused(string message, string key, string value)
    {
        folder.Write("w.bin", Weights);
        var entries = new Dictionary<string, string> { ["location"] = "w.bin", ["offset"] = "4", ["length"] = "24", [key] = value };
        var path = Save([.. entries.Select(e => (e.Key, e.Value))]);

        Assert.Contains(message, Assert.Throws<InputException>(() => OnnxModel.Load(path)).Message);
    }

    [Fact]
    public void Load_LinkOutOfTheFolder_IsRefused()
    {
        using var elsewhere = new TemporaryFolder();
        File.CreateSymbolicLink(folder["w.bin"], elsewhere.Write("w.bin", Weights));
        Directory.CreateSymbolicLink(folder["data"], elsewhere.Path);

        foreach (var location in (string[])["w.bin", "data/w.bin"])
        {
            var path = Save(("location", location));
            Assert.Contains("outside the model's folder", Assert.Throws<InputException>(() => OnnxModel.Load(path)).Message);
        }
    }

    [Fact]
    public void Load_LinkInsideTheFolder_IsFollowed()
    {
        File.CreateSymbolicLink(folder["w.bin"], folder.Write("blob", Weights));

        OnnxModel.Load(Save(("location", "w.bin")));
    }

    [Fact]
    public void Load_HugeShape_IsRefusedWithoutAllocating()
    {
        folder.Write("w.bin", Weights);
        var proto = Models.External(("location", "w.bin"));
        proto.Graph.Initializer[0].Dims[0] = 1L << 60;
        var path = folder.Write("m.onnx", proto.ToByteArray());

        Assert.Contains("impossible", Assert.Throws<InputException>(() => OnnxModel.Load(path)).Message);
    }

    [Fact]
    public void Load_TensorOfMoreThanTwoGigabytes_IsRefused()
    {
        MakeSparse("w.bin", 1L << 33);
        var proto = Models.External(("location", "w.bin"));
        proto.Graph.Initializer[0].Dims[0] = 1L << 28;
        var path = folder.Write("m.onnx", proto.ToByteArray());

        Assert.Contains("A tensor is too large", Assert.Throws<UnsupportedModelException>(() => OnnxModel.Load(path)).Message);
    }

    [Fact]
    public void Load_MoreThanMemoryHolds_IsRefusedBeforeAnythingIsRead()
    {
        MakeSparse("w.bin", 1L << 30);
        var proto = Models.External(("location", "w.bin"));
        var tensor = proto.Graph.Initializer[0];
        tensor.Dims[0] = (1L << 30) / sizeof(float) / tensor.Dims[1];
        while (proto.Graph.Initializer.Count <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30)
        {
            tensor = tensor.Clone();
            tensor.Name = $"w{proto.Graph.Initializer.Count}";
            proto.Graph.Initializer.Add(tensor);
        }

        var path = folder.Write("m.onnx", proto.ToByteArray());

        Assert.Contains("does not fit into memory", Assert.Throws<UnsupportedModelException>(() => OnnxModel.Load(path)).Message);
    }

    // The length is there, the disk space is not.
    private void MakeSparse(string name, long length)
    {
        using var file = File.Create(folder[name]);
        file.SetLength(length);
    }

    private string Save(params (string Key, string Value)[] entries) => folder.Write("m.onnx", Models.External(entries).ToByteArray());
}
