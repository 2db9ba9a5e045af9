using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Export;

/// <summary>Students behind other interfaces, run in ONNX Runtime; what they should give is worked out here from logits.</summary>
public class TeacherInterfaceTests
{
    // Two samples of [2, 2], three classes: logits are x·W for W of small whole numbers.
    private static readonly float[] Samples = [1, 2, 3, 4, 5, 6, 7, 9];
    private static readonly float[] Weights = [1, 0, -1, 0, 1, 0, 0.5f, 0, 0, 0, 0, 0.25f];

    [Theory]
    [InlineData(HeadActivation.None)]
    [InlineData(HeadActivation.Softmax)]
    [InlineData(HeadActivation.LogSoftmax)]
    [InlineData(HeadActivation.Sigmoid)]
    public void Offer_GivesTheTeachersFunctionOfTheLogits(HeadActivation activation)
    {
        var made = Offer(Student(3), new(new("pixels", ElementType.Float32, Axes(2, 2)), new("answer", ElementType.Float32, [3], activation, 0)), 3);

        var given = Run(made, "pixels", Samples, [2, 2, 2], "answer", [2, 3]);

        var expected = Logits(3).SelectMany(row => row.Select(z => activation switch
        {
            HeadActivation.Softmax => Math.Exp(z) / row.Sum(Math.Exp),
            HeadActivation.LogSoftmax => Math.Log(Math.Exp(z) / row.Sum(Math.Exp)),
            HeadActivation.Sigmoid => 1 / (1 + Math.Exp(-z)),
            _ => z,
        }));
        Assert.Equal(expected, given.Select(value => (double)value), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Theory]
    [InlineData(new long[] { 1 }, 0)] // [N, 1]
    [InlineData(new long[] { }, -1)] // [N]
    [InlineData(new long[] { 1, 1 }, 1)]
    public void Offer_OfOneColumn_GivesTheSecondClassesProbability(long[] dims, int axis)
    {
        var made = Offer(Student(2), new(
            new("x", ElementType.Float32, Axes(2, 2)), new("y", ElementType.Float32, dims, HeadActivation.Sigmoid, axis < 0 ? null : axis)), 2);

        var given = Run(made, "x", Samples, [2, 2, 2], "y", [2, .. dims]);

        Assert.Equal(Logits(2).Select(row => Math.Exp(row[1]) / (Math.Exp(row[0]) + Math.Exp(row[1]))), given.Select(p => (double)p), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Theory]
    [InlineData(new long[] { 4 })]
    [InlineData(new long[] { 1, 2, 2 })]
    [InlineData(new long[] { 2, 2, 1 })]
    public void Offer_TakesTheSampleInTheTeachersShapeAsBytes(long[] shape)
    {
        var made = Offer(Student(3), new(new("x", ElementType.UInt8, Axes(shape)), new("logits", ElementType.Float32, [3, 1, 1], HeadActivation.None, 0)), 3);

        var given = Run(made, "x", Array.ConvertAll(Samples, value => (byte)value), [2, .. shape], "logits", [2, 3, 1, 1]);

        Assert.Equal(Logits(3).SelectMany(row => row), given.Select(value => (double)value));
    }

    [Fact]
    public void Offer_OfAnotherOrderOfAxes_MovesTheClasses()
    {
        // The student gives [N, 2 frames, 2 classes]: its input itself.
        var student = new NodeModel(17, "N", 2, 2).Node("Identity", "x", "scores").Build("scores", "N", 2, 2);

        var made = TeacherInterface.Offer(
            student, [new("scores", "scores", new([2, 2], 1))], new(new("x", ElementType.Float32, Axes(2, 2)), new("y", ElementType.Float32, [2, 1, 2], HeadActivation.Softmax, 0)), [2, 2]);

        double[] Softmax(double a, double b) => [Math.Exp(a) / (Math.Exp(a) + Math.Exp(b)), Math.Exp(b) / (Math.Exp(a) + Math.Exp(b))];
        var rows = Samples.Chunk(2).Select(frame => Softmax(frame[0], frame[1])).ToArray(); // sample × frame
        double[] expected = [rows[0][0], rows[1][0], rows[0][1], rows[1][1], rows[2][0], rows[3][0], rows[2][1], rows[3][1]];
        Assert.Equal(expected, Run(made, "x", Samples, [2, 2, 2], "y", [2, 2, 1, 2]).Select(p => (double)p), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    /// <summary>As many frames as classes, so that lengths alone do not tell the orders apart; and the logits are found behind the last function.</summary>
    [Fact]
    public void Offer_OfAnotherOrderOfEqualAxes_MovesTheClassesBeforeTheLastFunction()
    {
        var student = new NodeModel(17, "N", 2, 2).Node("Identity", "x", "scores").Build("scores", "N", 2, 2);

        var made = TeacherInterface.Offer(
            student, [new("scores", "scores", new([2, 2], 1))], new(new("x", ElementType.Float32, Axes(2, 2)), new("y", ElementType.Float32, [2, 2], HeadActivation.Softmax, 0)), [2, 2]);

        var given = Run(made, "x", Samples, [2, 2, 2], "y", [2, 2, 2]);
        Assert.Equal(1 / (1 + Math.Exp(Samples[1] - Samples[0])), given[0], 1e-6); // the first sample's first frame, its first class
        Assert.Equal(1 / (1 + Math.Exp(Samples[3] - Samples[2])), given[1], 1e-6); // its second frame
        Assert.Equal(HeadActivation.Softmax, LogitTrace.Find(made.Proto.Graph, "y", "").Activation);
    }

    [Fact]
    public void Offer_OfNamesThatTheStudentUses_RenamesItsOwn()
    {
        var made = Offer(Student(3), new(new("flat", ElementType.Float32, Axes(2, 2)), new("x", ElementType.Float32, [3], HeadActivation.None, 0)), 3);

        Assert.Equal(Logits(3).SelectMany(row => row), Run(made, "flat", Samples, [2, 2, 2], "x", [2, 3]).Select(value => (double)value));
    }

    [Fact]
    public void Offer_OfAStudentThatEndsInItsOwnFunction_ReplacesIt()
    {
        var student = new NodeModel(17, "N", 4).Floats("w", Weights, 4, 3).Node("MatMul", "x w", "logits").Node("Softmax", "logits", "y", ("axis", 1)).Build("y", "N", 3);

        var made = TeacherInterface.Offer(
            student, [new("y", "logits", new([3], 0))], new(new("x", ElementType.Float32, Axes(4)), new("z", ElementType.Float32, [3], HeadActivation.None, 0)), [4]);

        Assert.DoesNotContain(made.Proto.Graph.Node, node => node.OpType == "Softmax");
        Assert.Equal(Logits(3).SelectMany(row => row), Run(made, "x", Samples, [2, 4], "z", [2, 3]).Select(value => (double)value));
    }

    [Fact]
    public void Offer_OfAnotherNumberOfClasses_IsRefused()
    {
        var error = Assert.Throws<InputException>(() => Offer(
            Student(3), new(new("x", ElementType.Float32, Axes(2, 2)), new("y", ElementType.Float32, [5], HeadActivation.None, 0)), 3));

        Assert.Contains("export.interface: own", error.Message);
    }

    [Fact]
    public void Offer_OfAnOldOperatorSet_IsRefused() => Assert.Contains("operator set 12", Assert.Throws<UnsupportedModelException>(() =>
        TeacherInterface.RequirePossible(new NodeModel(12, "N", 4).Node("Identity", "x", "y").Build())).Message);

    private static OnnxModel Student(int classes) => new NodeModel(17, "N", 2, 2)
        .Floats("w", [.. Weights.Chunk(3).SelectMany(row => row.Take(classes))], 4, classes)
        .Node("Flatten", "x", "flat").Node("MatMul", "flat w", "logits").Build("logits", "N", classes);

    private static OnnxModel Offer(OnnxModel student, ModelInterface teacher, int classes) =>
        TeacherInterface.Offer(student, [new("logits", "logits", new([classes], 0))], teacher, [2, 2]);

    private static InterfaceAxis[] Axes(params long[] sizes) => [new(Name: "batch"), .. sizes.Select(size => new InterfaceAxis(size))];

    private static IEnumerable<double[]> Logits(int classes) => Samples.Chunk(4).Select(sample => Enumerable.Range(0, classes)
        .Select(c => (double)sample.Select((value, i) => value * Weights[i * 3 + c]).Sum()).ToArray());

    /// <summary>A session that knows nothing but names, types and shapes.</summary>
    private static float[] Run<T>(OnnxModel model, string input, T[] samples, long[] shape, string output, long[] expectedShape)
        where T : unmanaged
    {
        using var session = Oracle.Session(model);
        using var fed = OrtValue.CreateTensorValueFromMemory(samples, shape);
        using var options = new RunOptions();
        using var results = session.Run(options, [input], [fed], [output]);
        Assert.Equal(expectedShape, results[0].GetTensorTypeAndShape().Shape);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
