using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.StudentTrainer.Tests.Students;

public class ArchitecturesTests
{
    private static readonly StudentOptions Mlp = Options("mlp", ("widths", new[] { 800, 800 }), ("dropout", new[] { 0.2, 0.5, 0.5 }));
    private static readonly StudentOptions Cnn = Options("cnn", ("dropout", new[] { 0.25, 0.5 }));

    /// <summary>The bytes that recorded results depend on.</summary>
    public static TheoryData<StudentOptions, int[], int, string> Recorded => new()
    {
        { Mlp, [28, 28], 10, "54b8f4c655410d70f37040c374cee234dd9840365d1c80b29f2283068d191568" },
        { Options("mlp"), [28, 28], 10, "800a9bf34445f390b11295a34a6d2d292913bd1cfcc3c6cabc0194642c6d50a5" },
        { Cnn, [28, 28], 10, "e69bdc89ee0ac061eaca891ce2f1f9bd03c3cdb7ab7b24cf199335181e3af03c" },
        {
            Options("cnn", ("widths", new[] { 4 }), ("hidden", 8)), [3, 9, 6], 5,
            "61ba18bff743473dfbacaed623f80006acaa4590adb52cbc937006da1ea8290f"
        },
    };

    [Theory]
    [MemberData(nameof(Recorded))]
    public void Build_OfRecordedStudents_KeepsTheirBytes(StudentOptions options, int[] sampleShape, int classes, string digest) =>
        Assert.Equal(digest, Architectures.Build(options, sampleShape, classes, 1).Digest);

    [Fact]
    public void Build_OfAnArchitecturesOwnType_GivesTheBytesOfItsNameAndOptions()
    {
        Assert.Equal("800a9bf34445f390b11295a34a6d2d292913bd1cfcc3c6cabc0194642c6d50a5", new Mlp().Build(new([28, 28]), 10, 1).Digest);
        Assert.Equal("61ba18bff743473dfbacaed623f80006acaa4590adb52cbc937006da1ea8290f", new Cnn { Widths = [4], Hidden = 8 }.Build(new([3, 9, 6]), 5, 1).Digest);
    }

    [Fact]
    public void Build_OfAnArchitecturesOwnTypeWithAWrongSize_SaysWhatIsWrong()
    {
        Assert.Contains("student.widths", Assert.Throws<InputException>(() => new Mlp { Widths = [0] }.Build(new([28, 28]), 10, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("0 classes", Assert.Throws<InputException>(() => new Mlp().Build(new([28, 28]), 0, 1)).Message, StringComparison.Ordinal);
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
    public void Names_OfAllArchitectures_AreDistinctAndKnown()
    {
        Assert.Equal(Architectures.Names.Count, Architectures.Names.Distinct().Count());
        Assert.All(Architectures.Names, name => Assert.True(Architectures.IsKnown(name)));
    }

    [Fact]
    public void Resolve_OfSomeOptions_FillsInTheDefaults() =>
        Assert.Equal(
            [("widths", "4"), ("pooling", "none"), ("hidden", "128"), ("dropout", "")],
            Architectures.Resolve(Options("cnn", ("widths", new[] { 4 }))).Select(entry => (
                entry.Option.Name,
                entry.Value is IReadOnlyList<int> list ? string.Join(",", list) : $"{entry.Value}")));

    public static TheoryData<StudentOptions, int[], string[]> Wrong => new()
    {
        { Options("mpl"), [28, 28], ["did you mean 'mlp'"] },
        { Options("mlp", ("hidden", 5)), [28, 28], ["no option 'hidden'", "one of widths, dropout"] },
        { Options("mlp", ("width", new[] { 5 })), [28, 28], ["no option 'width'", "did you mean 'widths'"] },
        { Options("mlp", ("widths", new[] { 0 })), [28, 28], ["student.widths", "[0]", "from 1 to 1000000"] },
        { Options("mlp", ("widths", "wide")), [28, 28], ["student.widths", "wide", "whole numbers"] },
        { Options("mlp", ("widths", null)), [28, 28], ["student.widths", "none", "whole numbers"] },
        { Options("mlp", ("widths", new[] { 9 }), ("dropout", new[] { 0.5 })), [28, 28], ["2 numbers", "of the input, then after each"] },
        { Options("mlp", ("dropout", new[] { 0, 0, 1.0 })), [28, 28], ["below 1"] },
        { Options("cnn"), [784], ["needs images", "[784]", "or [height, width, channels]"] },
        { Options("cnn", ("hidden", -1)), [28, 28], ["student.hidden", "-1", "from 1 to"] },
        { Options("mlp", ("widths", new[] { 1_000_000, 1_000_000 })), [28, 28], ["too large", "[1000000, 784]"] },
        { Options("resnet2O"), [3, 32, 32], ["did you mean 'resnet20'"] },
        { Options("resnet20", ("depth", 8)), [3, 32, 32], ["'resnet20' has no option 'depth'", "no options"] },
        { Options("resnet", ("depth", 9)), [3, 32, 32], ["student.depth", "9", "8, 14, 20"] },
        { Options("resnet", ("widths", new[] { 9 })), [3, 32, 32], ["student.widths", "1 widths", "4 widths"] },
        { Options("wrn-12-1"), [3, 32, 32], ["student.depth", "12", "10, 16, 22"] },
        { Options("wrn-16-0"), [3, 32, 32], ["student.widening", "0", "from 1"] },
        { Options("wrn-16"), [3, 32, 32], ["not known", "did you mean 'wrn-16-1'"] },
        { Options("lenet"), [8, 8], ["too small", "layer 'conv2'"] },
        { Options("mobilenetv2", ("width", 0.0)), [3, 32, 32], ["student.width", "above 0"] },
        { Options("mobilenetv3-small", ("halvings", 6)), [3, 32, 32], ["student.halvings", "6", "from 0 to 5"] },
        { Options("unet", ("stride", 3)), [32, 32], ["student.stride", "3", "up to 8"] },
        { Options("fpn"), [64], ["needs images", "[64]"] },
        { Options("vit", ("patch", 5)), [3, 32, 30], ["student.patch", "5 for images of 32×30", "a divisor"] },
        { Options("vit", ("heads", 5)), [3, 32, 32], ["student.heads", "5 heads for a width of 192"] },
        { Options("vit", ("pooling", "max")), [3, 32, 32], ["student.pooling", "max", "token, mean"] },
        { Options("vit-tiny", ("pach", 4)), [3, 32, 32], ["no option 'pach'", "did you mean 'patch'"] },
        { Options("transformer"), [3, 32], ["needs token ids", "[3, 32]"] },
        { Options("gpt", ("context", 4)), [8], ["student.context", "8 or more"] },
        { Options("bilstm"), [8], ["needs sequences", "[length, features]"] },
        { Options("bigru", ("vocabulary", 9)), [8, 8], ["needs token ids", "[length]"] },
        { Options("crnn"), [16, 3], ["needs images of text lines", "[16, 3]", "4 columns or more"] },
        { Options("ctc-conv", ("kernel", 4)), [16, 32], ["student.kernel", "an odd number"] },
        { Options("crnn", ("widths", new[] { 4, 8 }), ("halvings", 3)), [16, 32], ["student.halvings", "3", "at most the number of widths, 2"] },
        { Options("ctc-conv", ("input", "frames")), [3, 16, 32], ["needs sequences"] },
        { Options("cnn"), [28, 0], ["samples of shape [28, 0]"] },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Build_OfWrongOptions_SaysWhatIsWrong(StudentOptions options, int[] sampleShape, string[] parts)
    {
        var error = Assert.Throws<InputException>(() => Architectures.Build(options, sampleShape, 10, 1));
        Assert.All(parts, part => Assert.Contains(part, error.Message));
        Assert.Equal(error.Message, Assert.Throws<InputException>(() => Architectures.RequireFit(options, sampleShape)).Message
            .Replace("2 classes,", "10 classes,"));
    }

    internal static StudentOptions Options(string architecture, params (string Name, object? Value)[] values) =>
        new() { Architecture = architecture, Values = values.ToDictionary(entry => entry.Name, entry => entry.Value) };

    private static OnnxModel Build(StudentOptions options, ulong seed = 1) => Architectures.Build(options, [28, 28], 10, seed);
}
