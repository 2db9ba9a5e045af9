using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Deployment;

public sealed class ConvertToInt8Tests : IDisposable
{
    private const int LargestWeight = 63;

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Convert_ShippedTeacher_IsAThirdOfTheSizeAgreesAndIsComputedInIntegers()
    {
        var teacher = Shipped("mnist-cnn-1.onnx");

        var report = Convert(teacher, MnistPictures.Write(folder["mnist.npy"], 300), "--scale", "1/255");

        Assert.InRange((double)new FileInfo(folder["int8.onnx"]).Length / new FileInfo(teacher).Length, 0.2, 1 / 3.0);
        Assert.True(report.GetProperty("outputs")[0].GetProperty("top_class_agreement").GetDouble() >= 0.995);
        Assert.InRange(OnnxModel.Load(folder["int8.onnx"]).ParameterCount, 0.99 * OnnxModel.Load(teacher).ParameterCount, OnnxModel.Load(teacher).ParameterCount); // normalisations are folded
        var operators = OperatorsInOnnxRuntime();
        Assert.Contains("QLinearConv", operators);
        Assert.DoesNotContain("Conv", operators);
    }

    [Fact]
    public void Convert_ResidualNetwork_StaysInIntegersThroughSumsAndPools()
    {
        Convert(Shipped("fashion-mnist-resnet20-1.onnx"), MnistPictures.Write(folder["mnist.npy"], 64), "--scale", "1/255", "--agreement", "0", "--tolerance", "1");

        var operators = OperatorsInOnnxRuntime();
        Assert.Equal(21, operators.Count(name => name == "QLinearConv"));
        Assert.Equal(9, operators.Count(name => name == "QLinearAdd"));
        Assert.DoesNotContain("Conv", operators);
        Assert.DoesNotContain("Add", operators);
    }

    /// <summary>Codes, scales and biases as they are defined, worked out here from the float32 file.</summary>
    [Fact]
    public void Convert_ProductWithBiases_HoldsTheNearestCodes()
    {
        var weights = Enumerable.Range(0, 48).Select(i => MathF.Sin(i) * (1 + i % 3)).ToArray();
        float[] biases = [0.5f, -1, 2];
        var model = LinearModel.Write(folder["model.onnx"], edit: proto =>
        {
            proto.Graph.Initializer[0] = TensorData.Create("W", weights, 16, 3);
            proto.Graph.Initializer.Add(TensorData.Create("b", biases, 3));
            proto.Graph.Node[1] = new NodeProto { OpType = "Gemm", Input = { "flat", "W", "b" }, Output = { "product" } };
        });

        Convert(model, Samples(0, 1));

        var graph = OnnxModel.Load(folder["int8.onnx"]).Proto.Graph;
        var product = graph.Node.Single(node => node.OpType == "Gemm");
        var (codes, scales) = Parameters(graph, product.Input[1]);
        for (var column = 0; column < 3; column++)
        {
            var scale = Enumerable.Range(0, 16).Max(row => Math.Abs(weights[row * 3 + column])) / LargestWeight;
            Assert.Equal(scale, scales[column], 1e-6f);
            Assert.All(Enumerable.Range(0, 16), row => Assert.Equal(MathF.Round(weights[row * 3 + column] / scale), codes[row * 3 + column]));
        }

        var input = graph.Node.Single(node => node.OpType == "QuantizeLinear");
        var inputScale = Tensor(graph, input.Input[1]).ToFloats()[0];
        Assert.Equal(1 / 255f, inputScale, 1e-4f); // samples are from 0 to 1
        Assert.Equal(0, Tensor(graph, input.Input[2]).ToLongs()[0]);
        var (biasCodes, _) = Parameters(graph, product.Input[2]);
        Assert.All(Enumerable.Range(0, 3), column => Assert.Equal(Math.Round(biases[column] / ((double)scales[column] * inputScale)), biasCodes[column], 1.0));
    }

    /// <summary>A channel whose weights are next to nothing has their scale only where its bias fits 32 bits beside it.</summary>
    [Fact]
    public void Convert_TinyWeightsBesideABias_KeepTheBias()
    {
        var model = LinearModel.Write(folder["model.onnx"], edit: proto =>
        {
            proto.Graph.Initializer[0] = TensorData.Create("W", [.. Enumerable.Range(0, 48).Select(i => i % 3 == 1 ? 1e-8f : MathF.Sin(i))], 16, 3);
            proto.Graph.Initializer.Add(TensorData.Create("b", [0.5f, -0.5f, 2], 3));
            proto.Graph.Node[1] = new NodeProto { OpType = "Gemm", Input = { "flat", "W", "b" }, Output = { "product" } };
        });

        Convert(model, Samples(0, 1));

        var graph = OnnxModel.Load(folder["int8.onnx"]).Proto.Graph;
        var (codes, scales) = Parameters(graph, graph.Node.Single(node => node.OpType == "Gemm").Input[2]);
        Assert.Equal([0.5f, -0.5f, 2], codes.Zip(scales, (code, scale) => (float)(code * scale)), (a, b) => Math.Abs(a - b) < 0.01);
    }

    [Fact]
    public void Convert_OlderOperatorSet_IsRaisedToOneWithScalesOfChannels()
    {
        var model = LinearModel.Write(folder["model.onnx"], edit: proto => proto.OpsetImport[0].Version = 11);

        Convert(model, Samples(-1, 1));

        Assert.Equal(13, OnnxModel.Load(folder["int8.onnx"]).Proto.OpsetImport.Single(entry => entry.Domain == "").Version);
    }

    [Fact]
    public void Convert_TwoProductsOfOneMatrix_AreRoundedAlongTheirOwnOutputs()
    {
        var values = Enumerable.Range(0, 256).Select(i => MathF.Cos(i) * (1 + i % 16 + i / 16)).ToArray();
        var model = LinearModel.Write(folder["model.onnx"], edit: proto =>
        {
            var graph = proto.Graph;
            graph.Initializer.Add(TensorData.Create("square", values, 16, 16));
            graph.Node.Insert(1, new NodeProto { OpType = "Gemm", Input = { "flat", "square" }, Output = { "there" } });
            graph.Node.Insert(2, new NodeProto
            {
                OpType = "Gemm", Input = { "there", "square" }, Output = { "back" },
                Attribute = { new AttributeProto { Name = "transB", Type = AttributeProto.Types.AttributeType.Int, I = 1 } },
            });
            graph.Node[3].Input[0] = "back";
        });

        Convert(model, Samples(-1, 1));

        var result = OnnxModel.Load(folder["int8.onnx"]).Proto.Graph;
        Assert.Equal(
            [0L, 1],
            result.Node.Where(node => node.OpType == "Gemm" && node.Output[0] is "there" or "back").Select(node => result.Node.Single(maker => maker.Output[0] == node.Input[1]))
                .Select(dequantised => dequantised.Attribute.Single(attribute => attribute.Name == "axis").I).Order());
    }

    /// <summary>What comes out is a student that learns: its codes are exported again, and verified.</summary>
    [Fact]
    public void Run_StudentInInt8_LearnsAndShipsInInt8()
    {
        var teacher = LinearModel.Write(
            folder["model.onnx"], edit: proto => proto.Graph.Initializer[0] = TensorData.Create("W", [.. Enumerable.Range(0, 48).Select(i => 2 * MathF.Sin(i))], 16, 3));
        var samples = Samples(-1, 1);
        Convert(teacher, samples);

        Cli.Done(
            "run", "--name", "int8", "--runs", folder["runs"], "--teacher", teacher, "--kind", "classes", "--samples", samples, "--student", folder["int8.onnx"], "--init", "keep", "--epochs", "2",
            "--lr", "0.01", "--set", "student.preprocessing=none");

        var graph = OnnxModel.Load(folder["runs/int8/student.onnx"]).Proto.Graph;
        Assert.Contains(graph.Initializer, tensor => tensor.ElementTypeOf() == ElementType.Int8 && tensor.Dims.Count == 2);
    }

    [Fact]
    public void Convert_WhatIsQuantisedAlready_IsRefused()
    {
        Convert(LinearModel.Write(folder["model.onnx"]), Samples(-1, 1));

        Assert.Contains("quantised already", Cli.Fails(3, "convert", folder["int8.onnx"], "-o", folder["again.onnx"], "--to", "int8", "--samples", Samples(-1, 1)));
    }

    [Fact]
    public void Convert_Float16_IsRefused()
    {
        Cli.Done("convert", LinearModel.Write(folder["model.onnx"]), "-o", folder["half.onnx"], "--to", "float16", "--samples", Samples(-1, 1));

        Assert.Contains("no Conv, Gemm or MatMul with float32 weights", Cli.Fails(3, "convert", folder["half.onnx"], "-o", folder["int8.onnx"], "--to", "int8", "--samples", Samples(-1, 1)));
    }

    [Fact]
    public void Convert_BeyondTheTolerance_SaysHowToLearnItBack() =>
        Assert.Contains("--init keep", Cli.Fails(
            4, "convert", LinearModel.Write(folder["model.onnx"]), "-o", folder["int8.onnx"], "--to", "int8", "--samples", Samples(-1, 1), "--tolerance", "1e-9"));

    public void Dispose() => folder.Dispose();

    private JsonElement Convert(string model, string samples, params string[] more) =>
        JsonDocument.Parse(Cli.Done(["convert", model, "-o", folder["int8.onnx"], "--to", "int8", "--samples", samples, .. more, "--json"]).Output).RootElement;

    private static (long[] Codes, float[] Scales) Parameters(GraphProto graph, string rounded)
    {
        var node = graph.Node.Single(node => node.Output[0] == rounded);
        return (Tensor(graph, node.Input[0]).ToLongs(), Tensor(graph, node.Input[1]).ToFloats());
    }

    private static TensorProto Tensor(GraphProto graph, string name) => graph.Initializer.Single(tensor => tensor.Name == name);

    /// <summary>The operators that ONNX Runtime puts in place of the file's.</summary>
    private string[] OperatorsInOnnxRuntime()
    {
        using var options = new SessionOptions { OptimizedModelFilePath = folder["optimised.onnx"], GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED };
        new InferenceSession(folder["int8.onnx"], options).Dispose();
        return [.. OnnxModel.Load(folder["optimised.onnx"]).Proto.Graph.Node.Select(node => node.OpType)];
    }

    private static string Shipped(string name) => Path.Combine(Repository.Root, "models", name);

    private string Samples(float least, float greatest)
    {
        var random = new Random(5);
        Npy.Write(folder["x.npy"], [.. Enumerable.Range(0, 100 * 16).Select(_ => least + (greatest - least) * random.NextSingle())], 100, 4, 4);
        return folder["x.npy"];
    }
}
