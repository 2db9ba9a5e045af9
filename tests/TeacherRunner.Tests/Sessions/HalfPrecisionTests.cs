using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public class HalfPrecisionTests
{
    private const int Count = 5;

    // Eleven bits for samples, weights, products and sums, of terms below 1: some 5e-4 each.
    private const double Tolerance = 1e-2;

    // Samples and weights have eleven bits. The product and the sum may be rounded too, by 2⁻¹⁰ at worst for values below 4; how often is the
    // provider's choice: on the CPU, ONNX Runtime 1.31 computes nodes in float32 and drops a Cast to float16 that a Cast back follows.
    private const double Roundings = 2.0 / 1024;

    private readonly LinearTeacher teacher = new(features: 12, classes: 4, seed: 1);

    [Fact]
    public void Fp16_LinearTeacher_ComputesWithSixteenBits()
    {
        var graph = teacher.Graph().Node("Softmax", "logits", "p").Output("p");
        var half = Run(graph, Precision.Fp16);
        Near.Equal(teacher.Logits(teacher.Samples(Count), value => (float)(Half)value), half, Roundings);
        Assert.NotEqual(Run(graph, Precision.Fp32), half);
    }

    [Fact]
    public void Fp16_MaskBeyondItsRange_GoesOnMasking()
    {
        var graph = teacher.Graph().Floats("mask", [0, -3e38f, 0, 0], 4).Node("Add", "logits mask", "masked").Output("masked");
        Assert.All(Run(graph, Precision.Fp16).Chunk(4), row => Assert.InRange(row[1], -65520, -65000));
    }

    [Fact]
    public void Fp16_ScalesOfAResize_StayFloat32()
    {
        // 4 × 2.4 rounds down to 9 columns; in float16 the factor would be another one.
        var graph = teacher.Graph().Integers("line", -1, 1, 1, 4).Node("Reshape", "logits line", "image")
            .Floats("scales", [1, 1, 1, 2.4f], 4).Node("Resize", "image  scales", "wide")
            .Integers("flat", -1, 9).Node("Reshape", "wide flat", "out").Output("out");
        Near.Equal(Run(graph, Precision.Fp32).Select(v => (double)v).ToArray(), Run(graph, Precision.Fp16), Tolerance);
    }

    [Fact]
    public void Fp16_ConstantNodesAndCasts_AreConvertedToo()
    {
        var graph = teacher.Graph().Node("Cast", "logits", "whole", ("to", (long)DataType.Int32))
            .Node("Cast", "whole", "back", ("to", (long)DataType.Float)).Node("Sub", "logits back", "out").Output("out");
        Near.Equal(
            teacher.Logits(teacher.Samples(Count)).Select(v => v - Math.Truncate(v)).ToArray(), Run(graph, Precision.Fp16), Tolerance);
    }

    [Fact]
    public void Fp16_OperatorOfAnotherDomain_IsRefused()
    {
        var graph = teacher.Graph().Output("logits");
        graph.Graph.Node.Add(new NodeProto { OpType = "Gelu", Domain = "com.microsoft", Input = { "logits" }, Output = { "curved" } });
        var proto = graph.Output("curved").BuildProto();
        proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        var error = Assert.Throws<UnsupportedModelException>(() => Run(OnnxModel.FromProto(proto), Precision.Fp16));
        Assert.Contains("com.microsoft", error.Message);
    }

    private float[] Run(GraphBuilder graph, Precision precision) => Run(graph.Build(), precision);

    private float[] Run(OnnxModel model, Precision precision)
    {
        using var classifier = OnnxClassifier.Open(
            model, [12], [new() { Kind = OutputKind.Classes }], new() { Device = "cpu", Threads = 1, Precision = precision });
        var values = new float[Count * classifier.Output.Elements];
        classifier.Run(teacher.Samples(Count), Count, values);
        return values;
    }
}
