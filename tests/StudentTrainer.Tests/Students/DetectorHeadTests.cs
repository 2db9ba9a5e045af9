using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Students;

/// <summary>What becomes of a built-in architecture's columns in a detector head, from what the architecture alone gives in ONNX Runtime.</summary>
public class DetectorHeadTests
{
    private const int Columns = 6;

    private static readonly float[] Deviations = [2, 3, 0.5f, 4];
    private static readonly float[] Scores = [-3, 1];
    private static readonly float[] Samples = Numbers.Uniform(1, 2 * 3 * 16 * 16, -1, 1);

    [Theory]
    [InlineData("unet", 4, 1)] // a map of 4 × 4 cells, one anchor in each
    [InlineData("unet", 4, 3)] // three in each: first all cells of the first, as YOLO lays them out
    [InlineData("fpn", 8, 1)]
    public void Map_BecomesAnchors(string architecture, int stride, int perCell)
    {
        var cells = 16 / stride * (16 / stride);
        var statistics = Statistics(cells * perCell);
        var (given, shape) = Oracle.OnnxRuntime(Build(Map, statistics), Samples, 2, 3, 16, 16);
        var raw = Oracle.OnnxRuntime(Map(Columns * perCell), Samples, 2, 3, 16, 16).Values;

        Assert.Equal([2, cells * perCell, Columns], shape);
        for (var n = 0; n < 2; n++)
            for (var a = 0; a < perCell; a++)
                for (var cell = 0; cell < cells; cell++)
                    for (var c = 0; c < Columns; c++)
                        Assert.Equal(
                            Expected(raw[((n * perCell + a) * Columns + c) * cells + cell], a * cells + cell, c, statistics),
                            given[(n * cells * perCell + a * cells + cell) * Columns + c], 1e-4f);

        OnnxModel Map(int columns) => Architectures.Build(new() { Architecture = architecture, Values = { ["stride"] = stride } }, [3, 16, 16], columns, seed: 2);
    }

    [Fact]
    public void Vector_BecomesAnchors()
    {
        var statistics = Statistics(5);
        var (given, shape) = Oracle.OnnxRuntime(Build(Vector, statistics), Samples, 2, 3, 16, 16);
        var raw = Oracle.OnnxRuntime(Vector(5 * Columns), Samples, 2, 3, 16, 16).Values;

        Assert.Equal([2, 5, Columns], shape);
        for (var i = 0; i < raw.Length; i++)
            Assert.Equal(Expected(raw[i], i / Columns % 5, i % Columns, statistics), given[i], 1e-4f);

        static OnnxModel Vector(int columns) => Architectures.Build(new() { Architecture = "mlp", Values = { ["widths"] = new[] { 8 } } }, [3, 16, 16], columns, seed: 2);
    }

    /// <summary>Maps of 4 × 4 and 2 × 2 cells, one after the other.</summary>
    [Fact]
    public void SeveralMaps_BecomeAnchorsOneAfterTheOther()
    {
        var statistics = Statistics(20);
        var (given, shape) = Oracle.OnnxRuntime(Build(Maps, statistics), Samples, 2, 3, 16, 16);
        var plain = Maps(Columns);
        var raw = Oracle.OnnxRuntime(plain, Samples, 2, 3, 16, 16).Values;

        Assert.Equal([2, 20, Columns], shape);
        for (var i = 0; i < raw.Length; i++)
            Assert.Equal(Expected(raw[i], i / Columns % 20, i % Columns, statistics), given[i], 1e-4f);
        Assert.Equal(2, plain.Proto.Graph.Node.Count(node => node.OpType == "Conv" && node.Name.StartsWith("classifier")));

        static OnnxModel Maps(int columns) =>
            Architectures.Build(new() { Architecture = "fpn", Values = { ["strides"] = new[] { 4, 8 } } }, [3, 16, 16], columns, seed: 2);
    }

    [Fact]
    public void Vector_OfManyAnchors_IsRefusedWithAnArchitectureThatFits()
    {
        var error = Assert.Throws<InputException>(() =>
            Build(columns => Architectures.Build(new() { Architecture = "mlp", Values = { ["widths"] = new[] { 8 } } }, [3, 16, 16], columns, seed: 2), Statistics(20_000)));
        Assert.Contains("fpn with strides", error.Message);
    }

    [Fact]
    public void Map_ThatDoesNotFitTheAnchors_IsRefused()
    {
        var error = Assert.Throws<InputException>(() =>
            Build(columns => Architectures.Build(new() { Architecture = "unet" }, [3, 16, 16], columns, seed: 2), Statistics(100)));
        Assert.Contains("256 positions", error.Message);
        Assert.Contains("100 anchors", error.Message);
    }

    private static OnnxModel Build(Func<int, OnnxModel> architecture, AnchorStatistics statistics) =>
        OutputHead.Build(architecture, [new("logits", Columns, Anchors: statistics)]);

    private static float Expected(float raw, int anchor, int column, AnchorStatistics statistics) =>
        column < 4 ? raw * Deviations[column] + statistics.Boxes[anchor * 4 + column] : raw + Scores[column - 4];

    private static AnchorStatistics Statistics(int anchors) => new(Numbers.Uniform(3, anchors * 4, 0, 16), Deviations, Scores);
}
