using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Learners;

public class SpecialistHeadTests
{
    /// <summary>Its classes as they are, and the logarithm of the sum of the others' exponentials: the same probabilities.</summary>
    [Theory]
    [InlineData(17, false)]
    [InlineData(18, false)]
    [InlineData(18, true)]
    public void Attach_SaysWhatTheGeneralistSays(int opset, bool softmax)
    {
        float[] logits = [0.5f, -1, 2, 1];
        var net = new NodeModel(opset, "N", 4).Floats("w", [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], 4, 4).Node("MatMul", "x w", softmax ? "p" : "y");
        var generalist = (softmax ? net.Node("Softmax", "p", "y") : net).Build();

        var made = SpecialistHead.Attach(generalist, null, [2, 0], count: 4);

        Assert.Equal(SpecialistHead.Output, made.Proto.Graph.Output.Single().Name);
        Assert.Equal([2, 0.5, Math.Log(Math.Exp(-1) + Math.Exp(1))], Run(made, logits).Select(value => (double)value), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    private static float[] Run(OnnxModel model, float[] x)
    {
        using var scope = NewDisposeScope();
        var graph = StudentGraph.Import(model);
        var program = graph.Compile(SpecialistHead.Output);
        using var held = WeightSet.Load(program.Plan, CPU, trainable: false);
        return program.Run(held, tensor(x, [1, x.Length]), training: false)[0].data<float>().ToArray();
    }
}
