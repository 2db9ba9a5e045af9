using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Students;

/// <summary>What becomes of the columns of an architecture that gives one vector where a teacher has positions, from what the architecture alone gives in ONNX Runtime.</summary>
public class OutputHeadTests
{
    private static readonly float[] Samples = Numbers.Uniform(1, 2 * 5, -1, 1);

    [Fact]
    public void Build_OfPositions_HasColumnsForEach()
    {
        var (given, shape) = Oracle.OnnxRuntime(OutputHead.Build(Vector, [new("logits", 2) { Positions = 3 }]), Samples, 2, 5);

        Assert.Equal([2, 3, 2], shape);
        Assert.Equal(Oracle.OnnxRuntime(Vector(6), Samples, 2, 5).Values, given);
    }

    [Fact]
    public void Build_OfValuesAtPositions_ScalesEachColumnEverywhere()
    {
        var head = new OutputHead("logits", 2, Scale: new([10, 20], new([2, 3]))) { Positions = 3 };

        var (given, shape) = Oracle.OnnxRuntime(OutputHead.Build(Vector, [head]), Samples, 2, 5);

        Assert.Equal([2, 3, 2], shape);
        Near.Equal([.. Oracle.OnnxRuntime(Vector(6), Samples, 2, 5).Values.Select((value, i) => i % 2 == 0 ? 10.0 + 2 * value : 20 + 3 * value)], [.. given.Select(value => (double)value)], 1e-5);
    }

    /// <summary>The inverse of sign(z) · ln(1 + |z|), z = (value − centre) ÷ unit, in the first column; the second has no logarithm.</summary>
    [Fact]
    public void Build_OfValuesWithALogarithm_GivesTheValues()
    {
        var head = new OutputHead("logits", 2, Scale: new([1, 20], new([2, 3], new() { Centre = [5, 0], Unit = [0.5, 0] })));

        var (given, _) = Oracle.OnnxRuntime(OutputHead.Build(Vector, [head]), Samples, 2, 5);

        Near.Equal(
            [.. Oracle.OnnxRuntime(Vector(2), Samples, 2, 5).Values.Select((value, i) => i % 2 == 1 ? 20 + 3.0 * value : 1 + 2.0 * value is var u ? 5 + 0.5 * Math.Sign(u) * (Math.Exp(Math.Abs(u)) - 1) : 0)],
            [.. given.Select(value => (double)value)], 1e-5);
    }

    [Fact]
    public void Build_OfOneHeadWithPositionsAndOneWithout_GivesBoth()
    {
        var model = OutputHead.Build(Vector, [new("logits", 2) { Positions = 3 }, new("other", 4)]);

        Assert.Equal(["logits", "other"], model.Proto.Graph.Output.Select(output => output.Name));
        Assert.Equal([3, 2], model.Proto.Graph.Output[0].ShapeOf()!.Skip(1).Select(dim => dim.Size!.Value));
        Assert.Equal([4], model.Proto.Graph.Output[1].ShapeOf()!.Skip(1).Select(dim => dim.Size!.Value));
    }

    private static OnnxModel Vector(int columns) => Architectures.Build(new() { Architecture = "mlp", Values = { ["widths"] = new[] { 8 } } }, [5], columns, seed: 2);
}
