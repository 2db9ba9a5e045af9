using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Students;

public class ArchitecturesTests
{
    private static readonly StudentOptions Mlp = new() { Architecture = "mlp", Widths = [800, 800], Dropout = [0.2, 0.5, 0.5] };
    private static readonly StudentOptions Cnn = new() { Architecture = "cnn", Dropout = [0.25, 0.5] };

    [Fact]
    public void Mlp_OfPapersStudent_HasItsParameters() =>
        Assert.Equal(784 * 800 + 800 + 800 * 800 + 800 + 800 * 10 + 10, Build(Mlp with { Dropout = null }).ParameterCount);

    [Theory]
    [InlineData("mlp")]
    [InlineData("cnn")]
    public void Student_OfEachArchitecture_EqualsOnnxRuntime(string name) =>
        Oracle.RequireParity(Build(name == "mlp" ? Mlp : Cnn), Numbers.Uniform(1, 5 * 784, 0), [5, 28, 28]);

    [Fact]
    public void Cnn_OfImagesWithChannels_EqualsOnnxRuntime()
    {
        var student = Architectures.Build(new() { Architecture = "cnn", Widths = [4], Hidden = 8 }, [3, 9, 6], 5, 1);
        Oracle.RequireParity(student, Numbers.Uniform(1, 2 * 3 * 9 * 6), [2, 3, 9, 6]);
    }

    [Fact]
    public void Student_OfSameSeed_HasSameBytes()
    {
        Assert.Equal(Build(Cnn, 7).Digest, Build(Cnn, 7).Digest);
        Assert.NotEqual(Build(Cnn, 7).Digest, Build(Cnn, 8).Digest);
    }

    [Fact]
    public void Student_InputAndOutput_AreNamedAndTakeAnyBatch()
    {
        var graph = Build(Mlp).Proto.Graph;
        Assert.Equal("input", graph.Input[0].Name);
        Assert.Equal([new Dim(null, "N"), 28, 28], graph.Input[0].ShapeOf()!);
        Assert.Equal("logits", graph.Output[0].Name);
        Assert.Equal([new Dim(null, "N"), 10], graph.Output[0].ShapeOf()!);
        Assert.Contains("hidden1.weight", graph.Initializer.Select(tensor => tensor.Name));
    }

    [Fact]
    public void InitialWeights_OfLayer_FillTheirRangeEvenly()
    {
        var weights = Build(Mlp).Proto.Graph.Initializer.First(tensor => tensor.Name == "hidden1.weight").ToFloats();
        const double Bound = 1.0 / 28;
        Assert.InRange(weights.Max(), 0.999 * Bound, Bound);
        Assert.InRange(weights.Min(), -Bound, -0.999 * Bound);
        Assert.Equal(0, weights.Average(), 3 * Bound / Math.Sqrt(3.0 * weights.Length));
        Assert.Equal(Bound * Bound / 3, weights.Average(weight => (double)weight * weight), 1e-6);
    }

    public static TheoryData<StudentOptions, int[], string> Wrong => new()
    {
        { new() { Architecture = "mpl" }, [28, 28], "did you mean 'mlp'" },
        { new() { Architecture = "mlp", Hidden = 5 }, [28, 28], "no 'hidden'" },
        { new() { Architecture = "mlp", Widths = [0] }, [28, 28], "1 or more" },
        { new() { Architecture = "mlp", Widths = [9], Dropout = [0.5] }, [28, 28], "2 numbers" },
        { new() { Architecture = "mlp", Widths = [9], Dropout = [0, 1] }, [28, 28], "below 1" },
        { new() { Architecture = "cnn" }, [784], "needs images" },
        { new() { Architecture = "cnn" }, [3, 28], "too small" },
        { new() { Architecture = "cnn", Hidden = -1 }, [28, 28], "1 or more" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Build_OfWrongOptions_SaysWhatIsWrong(StudentOptions options, int[] sampleShape, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => Architectures.Build(options, sampleShape, 10, 1)).Message);

    private static OnnxModel Build(StudentOptions options, ulong seed = 1) => Architectures.Build(options, [28, 28], 10, seed);
}
