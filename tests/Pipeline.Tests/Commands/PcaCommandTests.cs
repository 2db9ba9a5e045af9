using System.Text.Json;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Commands;

public sealed class PcaCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Rows on three axes, as many on each: the squares of their lengths are what a column keeps.</summary>
    [Theory]
    [InlineData(1, 9 / 14.0)]
    [InlineData(2, 13 / 14.0)]
    public void Pca_KeepsTheColumnsOfMostLength(int columns, double share)
    {
        const int Rows = 60;
        int[] lengths = [2, 1, 3];
        float[] rows = [.. Enumerable.Range(0, Rows).SelectMany(i => Enumerable.Range(0, 3).Select(axis => axis == i % 3 ? (float)lengths[axis] : 0))];
        Npy.Write(folder["x.npy"], rows, Rows, 3);
        var graph = new GraphProto { Name = "same", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 3) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 3) }, Node = { new NodeProto { OpType = "Identity", Input = { "x" }, Output = { "y" } } } };
        File.WriteAllBytes(folder["same.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());

        var figures = JsonDocument.Parse(Pca("same.onnx", columns).Output).RootElement;

        Assert.Equal((3, columns, 48, 12), (figures.GetProperty("columns").GetInt32(), figures.GetProperty("kept").GetInt32(), figures.GetProperty("samples").GetInt32(), figures.GetProperty("other_samples").GetInt32()));
        Assert.Equal(share, figures.GetProperty("share").GetDouble(), 12);
        using var session = new InferenceSession(folder["reduced.onnx"]);
        using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("x", new DenseTensor<float>(rows, [Rows, 3]))]);
        Assert.Equal([.. rows.Chunk(3).SelectMany(row => new[] { row[2], row[0] }[..columns])], outputs.Single().AsTensor<float>().ToArray());
    }

    [Fact]
    public void Pca_OfEmbeddingsThatAreAllZero_IsRefused()
    {
        Npy.Write(folder["x.npy"], new float[60 * 16], 60, 4, 4);
        var error = Cli.Fails(
            2, "pca", "--teacher", LinearModel.Write(folder["linear.onnx"]), "--samples", folder["x.npy"], "--kind", "embedding", "--columns", "2", "-o", folder["reduced.onnx"]);
        Assert.Contains("zeros", error);
        Assert.False(File.Exists(folder["reduced.onnx"]));
    }

    [Fact]
    public void Pca_OfWhatHasNoSuchColumns_IsRefused()
    {
        var random = new Random(6);
        Npy.Write(folder["x.npy"], [.. Enumerable.Range(0, 60 * 16).Select(_ => random.NextSingle())], 60, 4, 4);
        LinearModel.Write(folder["linear.onnx"]);
        Assert.Contains("1 to 2; linear.onnx gives 3", Refused("3"));
        Assert.Contains("1 to 2", Refused("0"));
        Assert.Contains("values [3] per sample", Refused("2", "--kind", "values"));
        Assert.Contains("fewer samples than columns", Fewer());
        File.Copy(folder["linear.onnx"], folder["reduced.onnx"]);
        Assert.Contains("would replace", Refused("2"));

        string Refused(string columns, params string[] more) => Cli.Fails(
            2, ["pca", "--teacher", folder["linear.onnx"], "--samples", folder["x.npy"], "--columns", columns, "-o", folder["reduced.onnx"], .. more.Length > 0 ? more : ["--kind", "embedding"]]);

        string Fewer()
        {
            Npy.Write(folder["x.npy"], new float[16], 1, 4, 4);
            return Refused("2");
        }
    }

    private CliResult Pca(string teacher, int columns) =>
        Cli.Done("pca", "--teacher", folder[teacher], "--kind", "embedding", "--samples", folder["x.npy"], "--columns", $"{columns}", "-o", folder["reduced.onnx"], "--json");
}
