using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Logits;

/// <summary>Which numbers are captured from which kind of head; expected values are worked out from x·W + b in double.</summary>
public class LogitFindingTests
{
    private const double Tolerance = 2e-6;

    private readonly LinearTeacher teacher = new(features: 6, classes: 3, seed: 2);

    [Theory]
    [InlineData("Softmax", StreamKind.Logit)]
    [InlineData("LogSoftmax", StreamKind.Logit)]
    [InlineData("Sigmoid", StreamKind.LabelLogit)]
    public void Head_EndingInAnActivation_GivesTheLogitsBeforeIt(string activation, StreamKind kind)
    {
        var (logits, classifier) = Run(teacher.Graph().Node(activation, "logits", "out").Output("out"));

        Assert.Equal(("logits", kind, 3), (classifier.Output.Tensor, classifier.Output.Kind, classifier.Classes));
        Near.Equal(Expected(), logits, Tolerance);
    }

    [Fact]
    public void Head_ActivationBehindReshapesAndCasts_IsFound()
    {
        var (logits, classifier) = Run(teacher.Graph()
            .Integers("column", -1, 3, 1, 1).Node("Softmax", "logits", "p").Node("Reshape", "p column", "map")
            .Node("Cast", "map", "half", ("to", (long)DataType.Float16)).Node("Flatten", "half", "flat").Node("Identity", "flat", "out")
            .Output("out", DataType.Float16));

        Assert.Equal("logits", classifier.Output.Tensor);
        Near.Equal(Expected(), logits, Tolerance);
    }

    [Fact]
    public void Head_SoftmaxBeforeOpset13OverTrailingOnes_IsOverClasses()
    {
        // Until opset 12 the default axis is 1, and everything from there on is normalised together.
        var (logits, _) = Run(teacher.Graph(opset: 11)
            .Integers("column", -1, 3, 1, 1).Node("Reshape", "logits column", "map").Node("Softmax", "map", "out").Output("out"));
        Near.Equal(Expected(), logits, Tolerance);
    }

    [Theory]
    [InlineData(0)] // along the batch
    [InlineData(2)] // along an axis of length 1: every value becomes 1
    public void Head_SoftmaxOverTheWrongAxis_IsRefused(int axis)
    {
        var graph = teacher.Graph().Integers("column", -1, 3, 1)
            .Node("Reshape", "logits column", "map").Node("Softmax", "map", "out", ("axis", axis)).Output("out");
        Assert.Contains("not over classes", Assert.Throws<UnsupportedModelException>(() => Run(graph)).Message);
    }

    [Fact]
    public void Head_ProbabilitiesThatCannotBeTraced_GiveTheirLogarithm()
    {
        var (logits, classifier) = Run(Probabilities());

        Assert.Equal(("out", StreamKind.LogProbability), (classifier.Output.Tensor, classifier.Output.Kind));
        Near.Equal(LogSoftmax(Expected()), logits, 1e-5);
    }

    [Fact]
    public void Head_ProbabilityRoundedToZero_GivesTheLogarithmOfTheFloor()
    {
        // Scaled so that a softmax in float32 holds exact zeros.
        var (logits, _) = Run(Probabilities(scale: 1000));
        Assert.Contains(MathF.Log(SoftmaxMath.ClassFloor), logits);
        Assert.All(logits, v => Assert.InRange(v, MathF.Log(1e-12f), 0));
    }

    [Fact]
    public void Head_LogProbabilitiesThatCannotBeTraced_AreKeptAsTheyAre()
    {
        var (logits, classifier) = Run(teacher.Graph().Node("LogSoftmax", "logits", "lp").Floats("zero", [0]).Node("Add", "lp zero", "out").Output("out"));
        Assert.Equal(StreamKind.LogProbability, classifier.Output.Kind);
        Near.Equal(LogSoftmax(Expected()), logits, Tolerance);
    }

    [Fact]
    public void Head_OneSigmoidColumnAsClasses_BecomesTwoOfTheSameDistribution()
    {
        var binary = new LinearTeacher(features: 6, classes: 1, seed: 5);
        var (logits, classifier) = Run(binary.Graph().Node("Sigmoid", "logits", "out").Output("out"), kind: OutputKind.Classes);

        Assert.Equal((2, StreamKind.Logit), (classifier.Classes, classifier.Output.Kind));
        Near.Equal(binary.Logits(Samples).SelectMany(z => new[] { 0, z }).ToArray(), logits, Tolerance);
    }

    [Fact]
    public void Head_OneColumnOfProbabilitiesThatCannotBeTraced_IsRefused()
    {
        var binary = new LinearTeacher(features: 6, classes: 1, seed: 5);
        var graph = binary.Graph().Node("Sigmoid", "logits", "p").Node("Sqrt", "p", "out").Output("out");
        Assert.Contains("not clear what", Assert.Throws<InputException>(() => Run(graph)).Message);
        Assert.Contains("logit or a probability", Assert.Throws<InputException>(() => Run(graph, kind: OutputKind.Labels)).Message);
    }

    [Fact]
    public void Head_OneColumnThatComesFromASigmoid_GivesTwoClasses()
    {
        var binary = new LinearTeacher(features: 6, classes: 1, seed: 5);

        var (logits, _) = Run(binary.Graph().Floats("one", [1]).Node("Sigmoid", "logits", "p").Node("Mul", "p one", "out").Output("out"), kind: OutputKind.Classes);

        Near.Equal(binary.Logits(Samples).SelectMany(z => new[] { 0, z }).ToArray(), logits, Tolerance);
    }

    [Fact]
    public void Head_OneClassWithSoftmax_IsRefused()
    {
        var single = new LinearTeacher(features: 6, classes: 1, seed: 5);
        Assert.Throws<UnsupportedModelException>(() => Run(single.Graph().Node("Softmax", "logits", "out").Output("out")));
    }

    [Fact]
    public void Output_Named_WinsOverTheOthers()
    {
        var graph = teacher.Graph().Node("Softmax", "logits", "p").Node("Neg", "logits", "negated").Output("p").Output("negated");
        var (logits, _) = Run(graph, "negated", OutputKind.Classes);
        Near.Equal(Expected().Select(v => -v).ToArray(), logits, Tolerance);
    }

    [Fact]
    public void Output_NamedInsideTheGraph_IsTakenAsItIs()
    {
        var graph = teacher.Graph().Node("Sigmoid", "logits", "bounded").Node("Softmax", "bounded", "p").Output("p");
        var (logits, classifier) = Run(graph, "bounded");
        Assert.Equal("bounded", classifier.Output.Tensor);
        Near.Equal(Expected().Select(v => 1 / (1 + Math.Exp(-v))).ToArray(), logits, Tolerance);
    }

    [Fact]
    public void Output_NamedButNotThere_ListsTheOutputs() =>
        Assert.Contains("logits", Assert.Throws<InputException>(() => Run(teacher.Graph().Output("logits"), "logit")).Message);

    [Fact]
    public void Output_SeveralOfFloats_MustBeNamed()
    {
        var graph = teacher.Graph().Node("Neg", "logits", "negated").Output("logits").Output("negated");
        Assert.Contains("logits, negated", Assert.Throws<InputException>(() => Run(graph)).Message);
    }

    [Fact]
    public void Output_LabelsBesideScores_AreLeftOut()
    {
        var graph = teacher.Graph().Node("ArgMax", "logits", "label", ("axis", 1)).Node("Softmax", "logits", "p")
            .Output("label", DataType.Int64).Output("p");
        Near.Equal(Expected(), Run(graph).Logits, Tolerance);
    }

    /// <summary>Of a model that only says what is decided, the scores are learned from that it is decided by; a function between the two is looked behind.</summary>
    [Fact]
    public void Output_OfDecisionsAlone_LeadsToTheScoresBehindThem()
    {
        var graph = teacher.Graph().Node("Softmax", "logits", "p").Node("ArgMax", "p", "top", ("axis", 1)).Node("Cast", "top", "label", ("to", (long)DataType.Int32))
            .Node("ReduceMax", "p", "confidence").Output("label", DataType.Int32).Output("confidence");
        var (logits, classifier) = Run(graph);
        Assert.Equal(("logits", StreamKind.Logit), (classifier.Output.Tensor, classifier.Output.Kind));
        Near.Equal(Expected(), logits, Tolerance);
    }

    [Fact]
    public void Output_OfAThreshold_LeadsToTheLogitBehindIt()
    {
        var graph = teacher.Graph().Integers("second", 1).Node("Gather", "logits second", "z", ("axis", 1)).Node("Sigmoid", "z", "p").Floats("half", [0.5f])
            .Node("Greater", "p half", "holds").Node("Cast", "holds", "label", ("to", (long)DataType.Int64)).Output("label", DataType.Int64);
        var (logits, classifier) = Run(graph);
        Assert.Equal(("z", StreamKind.LabelLogit), (classifier.Output.Tensor, classifier.Output.Kind));
        Near.Equal([.. Expected().Chunk(3).Select(row => row[1])], logits, Tolerance);
    }

    /// <summary>A threshold elsewhere than at a half says nothing of what is compared.</summary>
    [Fact]
    public void Output_OfAnotherThreshold_MustBeNamed()
    {
        var graph = teacher.Graph().Integers("second", 1).Node("Gather", "logits second", "z", ("axis", 1)).Floats("high", [0.7f])
            .Node("Greater", "z high", "label").Output("label", DataType.Bool);
        Assert.Contains("0 float outputs", Assert.Throws<InputException>(() => Run(graph)).Message);
    }

    [Fact]
    public void Output_OfRoundedNumbersAlone_NamesWhatIsRounded()
    {
        var graph = teacher.Graph().Node("Cast", "logits", "whole", ("to", (long)DataType.Int64)).Output("whole", DataType.Int64);
        Assert.Contains("'whole' is made of 'logits', by rounding", Assert.Throws<InputException>(() => Run(graph)).Message);
    }

    private float[] Samples => teacher.Samples(8);

    private double[] Expected() => teacher.Logits(Samples);

    // A multiplication by one behind the softmax, which no structural rule sees through.
    private GraphBuilder Probabilities(float scale = 1) => teacher.Graph().Floats("scale", [scale]).Floats("one", [1])
        .Node("Mul", "logits scale", "scaled").Node("Softmax", "scaled", "p").Node("Mul", "p one", "out").Output("out");

    private static double[] LogSoftmax(double[] logits) =>
        [.. logits.Chunk(3).SelectMany(row => row.Select(v => v - Math.Log(row.Sum(Math.Exp))))];

    private (float[] Logits, OnnxClassifier Closed) Run(GraphBuilder graph, string? output = null, OutputKind? kind = null)
    {
        using var classifier = OnnxClassifier.Open(graph.Build(), [6], [new() { Tensor = output, Kind = kind }], new() { Device = "cpu", Threads = 1 });
        var logits = new float[8 * classifier.Classes];
        classifier.Run(Samples, 8, logits);
        return (logits, classifier);
    }
}
