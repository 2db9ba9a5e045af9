using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

/// <summary>A teacher of int8 weights and uint8 activations, the largest there are: 64 × 255 × 127 for each class.</summary>
public class QuantizedTeacherTests
{
    private const int Features = 64;
    private const int Classes = 4;
    private const float SampleStep = 1f / 255;
    private const float WeightStep = 0.01f;

    /// <summary>Two products of 255 × 127 do not fit into 16 bits: what saturates there gives about half of the logit.</summary>
    [Fact]
    public void Run_OfLargestCodes_AddsThemUpExactly()
    {
        using var classifier = OnnxClassifier.Open(Model(), [Features], device: "cpu", threads: 1);
        var logits = new float[Classes];
        classifier.Run(Enumerable.Repeat(1f, Features).ToArray(), 1, logits);
        Assert.All(logits, logit => Assert.Equal(Features * 127 * WeightStep, logit, 1e-3));
        Assert.True(classifier.ComputesIntegers);
    }

    [Fact]
    public void ComputesIntegers_OfFloatTeacher_IsFalse()
    {
        var model = new LinearTeacher(Features, Classes, seed: 1).Graph().Output("logits").Build();
        using var classifier = OnnxClassifier.Open(model, [Features], device: "cpu", threads: 1);
        Assert.False(classifier.ComputesIntegers);
    }

    /// <summary>One sample code beside moves a logit by the largest weight.</summary>
    [Fact]
    public void StepOf_LayerBehindQuantisation_IsCodeTimesLargestWeight() =>
        Assert.Equal(SampleStep * 127 * WeightStep, QuantizedArithmetic.StepOf(Model().Proto.Graph, "logits")!.Value, 1e-9);

    /// <summary>Exporters write a dense layer as a product and a sum, in any order.</summary>
    [Theory]
    [InlineData("product", "bias")]
    [InlineData("bias", "product")]
    public void StepOf_LayerWithABiasBehindIt_IsThatOfTheLayer(string first, string second)
    {
        var graph = Model().Proto.Graph.Clone();
        graph.Node[^1].Output[0] = "product";
        graph.Initializer.Add(TensorData.Create("bias", new float[Classes], Classes));
        graph.Node.Add(new NodeProto { OpType = "Add", Input = { first, second }, Output = { "logits" } });

        Assert.Equal(SampleStep * 127 * WeightStep, QuantizedArithmetic.StepOf(graph, "logits")!.Value, 1e-9);
    }

    [Fact]
    public void AllowanceOf_TwoRoundings_IsTwoSteps()
    {
        var graph = Model().Proto.Graph.Clone();
        var roundings = graph.Node.Count(node => node.OpType == "QuantizeLinear");
        graph.Node.Insert(0, graph.Node.First(node => node.OpType == "QuantizeLinear").Clone());
        graph.Node[0].Output[0] = "elsewhere";

        Assert.Equal(1, roundings);
        Assert.Equal(2 * SampleStep * 127 * WeightStep, QuantizedArithmetic.AllowanceOf(graph, "logits"), 1e-9);
    }

    [Fact]
    public void StepOf_FloatModel_IsNone() =>
        Assert.Null(QuantizedArithmetic.StepOf(new LinearTeacher(Features, Classes, seed: 1).Graph().Output("logits").Build().Proto.Graph, "logits"));

    private static OnnxModel Model()
    {
        var builder = new GraphBuilder(17).Input("x", TensorProto.Types.DataType.Float, "N", Features)
            .Floats("x_step", [SampleStep]).Floats("w_step", [WeightStep])
            .Node("QuantizeLinear", "x x_step x_zero", "codes").Node("DequantizeLinear", "codes x_step x_zero", "values")
            .Node("DequantizeLinear", "W w_step w_zero", "weights").Node("MatMul", "values weights", "logits").Output("logits");
        builder.Graph.Initializer.Add(TensorData.Create("W", ElementType.Int8, [.. Enumerable.Repeat((byte)127, Features * Classes)], Features, Classes));
        builder.Graph.Initializer.Add(TensorData.Create("x_zero", ElementType.UInt8, [0]));
        builder.Graph.Initializer.Add(TensorData.Create("w_zero", ElementType.Int8, [0]));
        return builder.Build();
    }
}
