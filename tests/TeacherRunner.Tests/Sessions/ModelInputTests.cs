using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public class ModelInputTests
{
    public static TheoryData<object[], int[], long[]> Fitting => new()
    {
        { ["N", 28, 28], [28, 28], [28, 28] },
        { ["N", 1, 28, 28], [28, 28], [1, 28, 28] },
        { ["N", 28, 28, 1], [28, 28], [28, 28, 1] },
        { ["N", 28, 28], [1, 28, 28], [28, 28] },
        { ["N", 784], [28, 28], [784] },
        { ["N", 1, 784], [28, 28], [1, 784] },
        { ["N", 3, 4, 5], [60], [3, 4, 5] },
        { ["N", 3, "H", "W"], [3, 48, 192], [3, 48, 192] },
        { ["N", 1, "H", "W"], [48, 192], [1, 48, 192] },
        { ["N", "features"], [13], [13] },
        { ["N", "features"], [28, 28], [784] },
        { ["N", 1], [1], [1] },
        { ["N"], [1], [] },
    };

    public static TheoryData<object[], int[]> NotFitting => new()
    {
        { ["N", 28, 28], [32, 32] },
        { ["N", 784], [27, 29] },
        { ["N", 3, 48, 192], [48, 192, 3] },
        { ["N", "C", "H", "W"], [28, 28] },
        { ["N", 2, "W"], [12] },
    };

    [Theory]
    [MemberData(nameof(Fitting))]
    public void Find_ShapeThatFits_IsFedInTheModelsOwnAxes(object[] dims, int[] sample, long[] fed)
    {
        var input = ModelInput.Find(GraphWith(DataType.Float, dims), sample, "m");

        Assert.Equal(fed, input.SampleDims);
        Assert.Equal([7L, .. fed], input.ShapeOf(7));
        Assert.Null(input.FixedBatch);
    }

    [Theory]
    [MemberData(nameof(NotFitting))]
    public void Find_ShapeThatDoesNotFit_NamesBothShapes(object[] dims, int[] sample)
    {
        var error = Assert.Throws<InputException>(() => ModelInput.Find(GraphWith(DataType.Float, dims), sample, "teacher.onnx"));

        Assert.Contains("input 'x' of teacher.onnx", error.Message);
        Assert.Contains($"[{string.Join(", ", sample)}]", error.Message);
        Assert.Contains($"[{string.Join(", ", dims)}]", error.Message);
    }

    [Theory]
    [InlineData("transpose(0, 3, 1, 2)", 48, 192, 3)]
    [InlineData("transpose(0, 2, 1, 3)", 48, 3, 192)]
    [InlineData("belong together", 48, 192, 4)]
    public void Find_AxesInAnotherOrder_SaysHowToTurnThem(string expected, params int[] sample)
    {
        var error = Assert.Throws<InputException>(() => ModelInput.Find(GraphWith(DataType.Float, ["N", 3, 48, "W"]), sample, "m"));

        Assert.Contains(expected, error.Message);
    }

    /// <summary>A grey picture of bytes whose input and first node are both called image: nodes that are put in front must not take that name again.</summary>
    [Fact]
    public void Open_NodeCalledLikeTheInputOfBytes_Runs()
    {
        var graph = GraphWith(DataType.Uint8, "N", 3);
        graph.Output.Add(GraphEdits.FloatTensor("logits"));
        graph.Node.Add(GraphEdits.Cast("x", "logits", DataType.Float));
        graph.Node[0].Name = "x";
        var model = OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
        using var session = OnnxClassifier.Open(model, [3], [new() { Kind = OutputKind.Values }], new() { Device = "cpu" });
        var answer = new float[3];

        session.Run(new float[] { 0, 7, 255 }, 1, answer);

        Assert.Equal([0, 7, 255], answer);
    }

    [Fact]
    public void Open_ModelThatGivesOnlyTheLikeliestClass_ReadsTheScores()
    {
        var graph = GraphWith(DataType.Float, "N", 3);
        graph.Output.Add(new ValueInfoProto { Name = "label", Type = new() { TensorType = new() { ElemType = (int)DataType.Int64 } } });
        graph.Node.Add(new NodeProto { OpType = "Relu", Input = { "x" }, Output = { "scores" } });
        graph.Node.Add(new NodeProto { OpType = "ArgMax", Input = { "scores" }, Output = { "label" }, Attribute = { GraphEdits.Integer("axis", 1), GraphEdits.Integer("keepdims", 0) } });
        var model = OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });

        Assert.Equal("scores", OnnxClassifier.Open(model, [3]).Output.Tensor);
        Assert.Equal("scores", OnnxClassifier.Open(model, [3], [new() { Tensor = "scores", Kind = OutputKind.Classes }], new() { Device = "cpu" }).Output.Tensor);
    }

    [Theory]
    [InlineData(DataType.Int8, -128, 127, -129)]
    [InlineData(DataType.Int16, -32768, 32767, 32768)]
    [InlineData(DataType.Uint16, 0, 65535, -1)]
    public void RequireWholeNumbers_OfNarrowIntegers_TakesWhatTheyHold(DataType type, float least, float greatest, float outside)
    {
        var input = ModelInput.Find(GraphWith(type, "N", 1), [1], "m");

        input.RequireWholeNumbers([least, greatest], "m");

        Assert.Contains($"{least}, {least + 1}, ..., {greatest}", Assert.Throws<InputException>(() => input.RequireWholeNumbers([outside], "m")).Message);
    }

    [Fact]
    public void Find_FixedBatch_IsReported() =>
        Assert.Equal(4, ModelInput.Find(GraphWith(DataType.Float, 4, 10), [10], "m").FixedBatch);

    [Theory]
    [InlineData(DataType.Bool)]
    [InlineData(DataType.Complex64)]
    [InlineData(DataType.String)]
    public void Find_TypeThatCannotHoldSamples_IsRefused(DataType type)
    {
        var error = Assert.Throws<InputException>(() => ModelInput.Find(GraphWith(type, "N", 10), [10], "m"));
        Assert.Contains(type.ToString().ToLowerInvariant(), error.Message);
    }

    [Fact]
    public void Find_WeightsListedAsInputs_DoNotCount()
    {
        var graph = new GraphBuilder().Input("W", DataType.Float, 10, 3).Input("x", DataType.Float, "N", 10).Floats("W", new float[30], 10, 3);
        Assert.Equal("x", ModelInput.Find(graph.Graph, [10], "m").Name);
    }

    [Fact]
    public void Find_TwoInputs_NamesThem()
    {
        var graph = new GraphBuilder().Input("ids", DataType.Float, "N", 10).Input("mask", DataType.Float, "N", 10);
        var error = Assert.Throws<InputException>(() => ModelInput.Find(graph.Graph, [10], "m"));
        Assert.Contains("ids, mask", error.Message);
    }

    [Fact]
    public void Find_InputWithoutAxes_IsRefused() =>
        Assert.Throws<InputException>(() => ModelInput.Find(GraphWith(DataType.Float), [10], "m"));

    private static GraphProto GraphWith(DataType type, params object[] dims) => new GraphBuilder().Input("x", type, dims).Graph;
}
