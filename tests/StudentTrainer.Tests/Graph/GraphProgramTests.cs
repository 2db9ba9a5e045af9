using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Graph;

/// <summary>How long a run holds what it computes.</summary>
public sealed class GraphProgramTests
{
    private const int Layers = 12;

    [Fact]
    public void Run_InTraining_HoldsItsOutputAlone()
    {
        using var scope = torch.NewDisposeScope();
        var program = Programs.Compile(Chain());
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var x = torch.tensor(new[] { 0.5f, -2f }, [1, 2]).requires_grad_(true);
        var before = Tensors.CountAlive();

        var y = program.Run(weights, x, training: true)[0];

        Assert.Equal(before + 1, torch.Tensor.TotalCount);
        y.sum().backward();
        Near.Equal([Slope(0.5), Slope(-2)], x.grad!.data<float>().ToArray(), 1e-6); // what autograd needed was still there
    }

    /// <summary>What the file takes is rounded to its 16 bits; the product of the rounded numbers is not, as it would be if the graph computed in them.</summary>
    [Fact]
    public void Run_OfAnInputOf16Bits_ComputesInFloat32()
    {
        float[] samples = [0.123456f, 1.7f, -3.14159f, 0.001f], weights = [0.5f, 100.25f, 3.125f, 7.75f];
        var model = new NodeModel(17, 1, 4).Tensor(TensorData.Create("w", ElementType.Float16, System.Runtime.InteropServices.MemoryMarshal.AsBytes<Half>(Array.ConvertAll(weights, value => (Half)value)), 4, 1))
            .Node("MatMul", "x w", "y").Build();
        model.Proto.Graph.Input[0].Type.TensorType.ElemType = ElementType.Float16.ToDataType();
        using var scope = torch.NewDisposeScope();
        var program = Programs.Compile(model);
        using var set = WeightSet.Load(program.Plan, torch.CPU, trainable: true);

        var y = program.Run(set, torch.tensor(samples, [1, 4]), training: true)[0];

        Assert.Equal(torch.ScalarType.Float32, y.dtype);
        Assert.Equal(samples.Zip(weights, (x, w) => (double)(float)(Half)x * w).Sum(), y.item<float>(), 4);
    }

    /// <summary>tanh after tanh.</summary>
    private static Core.Onnx.OnnxModel Chain()
    {
        var model = new NodeModel(17, 1, 2);
        for (var layer = 0; layer < Layers; layer++)
            model.Node("Tanh", layer == 0 ? "x" : $"h{layer}", layer == Layers - 1 ? "y" : $"h{layer + 1}");
        return model.Build();
    }

    /// <summary>By the chain rule: the product of 1 − tanh².</summary>
    private static float Slope(double x)
    {
        var slope = 1.0;
        for (var layer = 0; layer < Layers; layer++)
        {
            x = Math.Tanh(x);
            slope *= 1 - x * x;
        }
        return (float)slope;
    }
}
