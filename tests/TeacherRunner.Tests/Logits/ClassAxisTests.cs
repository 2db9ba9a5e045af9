using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Tests.Logits;

/// <summary>Class scores per frame and per pixel: twelve known scores per sample, laid out in every way that models have.</summary>
public class ClassAxisTests
{
    private const double Tolerance = 2e-6;
    private const int Count = 7;

    private readonly LinearTeacher teacher = new(features: 6, classes: 12, seed: 3);

    [Theory]
    [InlineData("", null)]
    [InlineData("Softmax", 2L)]
    [InlineData("Softmax", -1L)]
    [InlineData("LogSoftmax", 2L)]
    public void Frames_ClassesLast_AreKeptAsTheyLie(string activation, long? axis)
    {
        var (values, output) = Run(Shaped(activation, axis, 3, 4));
        Assert.Equal([3, 4], output.Shape);
        Assert.Equal((StreamKind.Logit, 4, 3), (output.Kind, output.Classes, output.Positions));
        Near.Equal(Scores(), values, Tolerance);
    }

    [Fact]
    public void Frames_SoftmaxBeforeOpset13_IsOverTheAxisThatItNames()
    {
        var (values, output) = Run(Shaped(11, "Softmax", 2, 3, 4));
        Assert.Equal([3, 4], output.Shape);
        Near.Equal(Scores(), values, Tolerance);
    }

    [Fact]
    public void Frames_SoftmaxBeforeOpset13OverFramesAndClasses_IsRefused() =>
        Assert.Contains("not over classes", Assert.Throws<UnsupportedModelException>(() => Run(Shaped(11, "Softmax", 1, 3, 4))).Message);

    [Fact]
    public void Frames_SoftmaxOverTheMiddleAxis_MovesItToTheEnd()
    {
        var (values, output) = Run(Shaped("Softmax", 1, 3, 4));
        Assert.Equal([4, 3], output.Shape);
        Near.Equal(ClassesMovedLast(classes: 3, positions: 4), values, Tolerance);
    }

    [Theory]
    [InlineData("", null, 1)]
    [InlineData("Softmax", 1L, null)]
    [InlineData("Sigmoid", null, 1)]
    public void Pixels_ClassesAfterTheBatch_AreMovedToTheEnd(string activation, long? axis, int? named)
    {
        var (values, output) = Run(Shaped(activation, axis, 3, 2, 2), new() { ClassAxis = named });
        Assert.Equal([2, 2, 3], output.Shape);
        Near.Equal(ClassesMovedLast(classes: 3, positions: 4), values, Tolerance);
    }

    /// <summary>A convolution puts classes behind the batch, a product with weights behind everything; what only reshapes says nothing.</summary>
    [Fact]
    public void Pixels_OfAConvolution_HaveTheClassesWhereItPutsThem()
    {
        var (values, output) = Run(Convolved().Output("maps"));
        Assert.Equal([2, 2, 3], output.Shape);
        Near.Equal(ClassesMovedLast(classes: 3, positions: 4), values, Tolerance);
    }

    [Fact]
    public void Pixels_OfAConvolutionThatIsTransposed_HaveTheClassesLast()
    {
        var graph = Convolved().Node("Transpose", "maps", "out");
        graph.Graph.Node[^1].Attribute.Add(new Onnx.AttributeProto { Name = "perm", Type = Onnx.AttributeProto.Types.AttributeType.Ints, Ints = { 0, 2, 3, 1 } });
        var (values, output) = Run(graph.Output("out"));
        Assert.Equal([2, 2, 3], output.Shape);
        Near.Equal(ClassesMovedLast(classes: 3, positions: 4), values, Tolerance);
    }

    [Fact]
    public void Pixels_OfAProductWithWeightsAndAnAddition_HaveTheClassesLast()
    {
        var graph = Reshaped(teacher.Graph(), 2, 2, 3).Floats("kernel", [1, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3).Floats("offset", [0, 0, 0], 3)
            .Node("MatMul", "map kernel", "product2").Node("Add", "product2 offset", "out").Output("out");
        var (values, output) = Run(graph);
        Assert.Equal([2, 2, 3], output.Shape);
        Near.Equal(Scores(), values, Tolerance);
    }

    /// <summary>Weights on the left, or named by an equation: the axis that they alone have is that of the classes, in the middle of frames here.</summary>
    [Theory]
    [InlineData("MatMul")]
    [InlineData("Einsum")]
    public void Frames_OfWeightsThatGiveTheMiddleAxis_HaveTheClassesThere(string op)
    {
        var graph = Reshaped(teacher.Graph(), 3, 4).Floats("kernel", [1, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3).Node(op, op == "MatMul" ? "kernel map" : "map kernel", "out");
        if (op == "Einsum")
            graph.Graph.Node[^1].Attribute.Add(new Onnx.AttributeProto { Name = "equation", Type = Onnx.AttributeProto.Types.AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8("nft, fc -> nct") });

        var (values, output) = Run(graph.Output("out"));

        Assert.Equal([4, 3], output.Shape);
        Near.Equal(ClassesMovedLast(classes: 3, positions: 4), values, Tolerance);
    }

    [Theory]
    [InlineData(1L)]
    [InlineData(-1L)]
    public void Pixels_ThatAnArgMaxChoosesFrom_HaveTheClassesAlongItsAxis(long axis)
    {
        var graph = Shaped("", null, 3, 2, 2).Node("ArgMax", "out", "label", ("axis", axis)).Output("label", Onnx.TensorProto.Types.DataType.Int64);
        var (values, output) = Run(graph, new() { Tensor = "out" });
        Assert.Equal(axis == 1 ? [2, 2, 3] : [3, 2, 2], output.Shape);
        Near.Equal(axis == 1 ? ClassesMovedLast(classes: 3, positions: 4) : Scores(), values, Tolerance);
    }

    [Fact]
    public void Pixels_OfWhichNothingTellsTheClasses_AreRefusedWithTheLineThatSettlesIt()
    {
        var error = Assert.Throws<InputException>(() => Run(Shaped("", null, 2, 2, 3)));
        Assert.Contains("[N, 2, 2, 3]", error.Message);
        Assert.Contains("'class-axis: 1' or 'class-axis: 3'", error.Message);
    }

    private GraphBuilder Convolved() => Reshaped(teacher.Graph(), 3, 2, 2).Floats("kernel", [1, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3, 1, 1).Node("Conv", "map kernel", "maps");

    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    public void Pixels_ClassesLastAndNamed_AreKeptAsTheyLie(int axis)
    {
        var (values, output) = Run(Shaped("", null, 2, 2, 3), new() { ClassAxis = axis });
        Assert.Equal([2, 2, 3], output.Shape);
        Near.Equal(Scores(), values, Tolerance);
    }

    [Fact]
    public void Pixels_ProbabilitiesThatCannotBeTraced_HaveTheAxisThatSumsToOne()
    {
        var graph = Shaped("Softmax", 3, 2, 2, 3).Floats("one", [1]).Node("Mul", "out one", "scaled");
        graph.Graph.Output.Clear();
        var (values, output) = Run(graph.Output("scaled"));
        Assert.Equal([2, 2, 3], output.Shape);
        Assert.Equal(StreamKind.LogProbability, output.Kind);
        Near.Equal(Scores().Chunk(3).SelectMany(row => row.Select(v => v - Math.Log(row.Sum(Math.Exp)))).ToArray(), values, 1e-5);
    }

    [Fact]
    public void Pixels_OneSigmoidChannel_BecomesTwoClassesPerPixel()
    {
        var (values, output) = Run(Shaped("Sigmoid", null, 1, 3, 4));
        Assert.Equal([3, 4, 2], output.Shape);
        Near.Equal(Scores().SelectMany(z => new[] { 0, z }).ToArray(), values, Tolerance);
    }

    [Fact]
    public void ClassAxis_OtherThanTheSoftmax_NamesTheRightOne() =>
        Assert.Contains("expected: 1", Assert.Throws<InputException>(() => Run(Shaped("Softmax", 1, 3, 4), new() { ClassAxis = 2 })).Message);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(-3)]
    public void ClassAxis_OutsideTheTensor_NamesTheRange(int axis) =>
        Assert.Contains("1 to 2", Assert.Throws<InputException>(() => Run(Shaped("", null, 3, 4), new() { ClassAxis = axis })).Message);

    [Fact]
    public void Run_FixedBatchWithPositions_DropsThePaddedRows()
    {
        var graph = Reshaped(teacher.Graph(batch: 4), 3, 2, 2).Node("Softmax", "map", "out", ("axis", 1)).Output("out");
        Near.Equal(ClassesMovedLast(classes: 3, positions: 4), Run(graph).Values, Tolerance);
    }

    [Fact]
    public void Run_SeveralReadings_GivesLogitsAndFeaturesSideBySide()
    {
        var graph = Shaped("Softmax", 1, 3, 2, 2);
        using var classifier = OnnxClassifier.Open(
            graph.Build(), [6], [new(), new() { Tensor = "map", IsFeature = true }, new() { Tensor = "product", IsFeature = true }],
            new() { Device = "cpu", Threads = 1 });
        float[] logits = new float[Count * 12], map = new float[Count * 12], product = new float[Count * 12];

        classifier.Run(teacher.Samples(Count), Count, logits, map, product);

        Assert.Equal([StreamKind.Logit, StreamKind.Feature, StreamKind.Feature], classifier.Outputs.Select(o => o.Kind));
        Assert.Equal([3, 2, 2], classifier.Outputs[1].Shape);
        Near.Equal(ClassesMovedLast(classes: 3, positions: 4), logits, Tolerance);
        Near.Equal(Scores(), map, Tolerance);
        Assert.NotEqual(map, product); // before the bias
    }

    [Fact]
    public void Reading_FeatureWithoutTheBatch_IsRefused()
    {
        var graph = Shaped("", null, 3, 4);
        var error = Assert.Throws<UnsupportedModelException>(() => OnnxClassifier.Open(
            graph.Floats("a", [1, 2], 2).Node("Neg", "a", "constant").Build(), [6], [new() { Kind = OutputKind.Classes }, new() { Tensor = "constant", IsFeature = true }],
            new() { Device = "cpu", Threads = 1 }));
        Assert.Contains("'constant'", error.Message);
    }

    private GraphBuilder Shaped(string activation, long? axis, params long[] dims) => Shaped(17, activation, axis, dims);

    private GraphBuilder Shaped(int opset, string activation, long? axis, params long[] dims)
    {
        var graph = Reshaped(teacher.Graph(opset), dims);
        return (activation.Length == 0 ? graph.Node("Identity", "map", "out")
            : axis is { } named ? graph.Node(activation, "map", "out", ("axis", named))
            : graph.Node(activation, "map", "out")).Output("out");
    }

    private static GraphBuilder Reshaped(GraphBuilder graph, params long[] dims) =>
        graph.Integers("shape", [-1, .. dims]).Node("Reshape", "logits shape", "map");

    private double[] Scores() => teacher.Logits(teacher.Samples(Count));

    private double[] ClassesMovedLast(int classes, int positions) =>
        [.. Scores().Chunk(12).SelectMany(row => Enumerable.Range(0, positions).SelectMany(p => Enumerable.Range(0, classes).Select(c => row[c * positions + p])))];

    private (float[] Values, ModelOutput Output) Run(GraphBuilder graph, ModelReading? reading = null)
    {
        using var classifier = OnnxClassifier.Open(graph.Build(), [6], [(reading ?? new()) with { Kind = OutputKind.Classes }], new() { Device = "cpu", Threads = 1 });
        var values = new float[Count * classifier.Output.Elements];
        classifier.Run(teacher.Samples(Count), Count, values);
        return (values, classifier.Output);
    }
}
