using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.StudentTrainer.Tests.Students;

/// <summary>Sizes against published figures, or against what the layers add up to by hand.</summary>
public class StudentSizeTests
{
    private const long Conv20 = 3 * 16 * 9 + 2 * 16;
    private const long First20 = 3 * 2 * (16 * 16 * 9 + 2 * 16);
    private const long Second20 = 16 * 32 * 9 + 2 * 32 + 16 * 32 + 2 * 32 + 5 * (32 * 32 * 9 + 2 * 32);
    private const long Third20 = 32 * 64 * 9 + 2 * 64 + 32 * 64 + 2 * 64 + 5 * (64 * 64 * 9 + 2 * 64);

    public static TheoryData<string, int[], int, long> Published => new()
    {
        { "lenet", [28, 28], 10, 61_706 }, // LeCun et al. 1998 with every map of C3 connected
        { "lenet", [32, 32], 10, 61_706 },
        { "resnet20", [3, 32, 32], 10, Conv20 + First20 + Second20 + Third20 + 64 * 10 + 10 },
        { "resnet20", [3, 32, 32], 100, 278_324 }, // from here to the wide ones: the networks of Tian et al. 2020
        { "resnet8x4", [3, 32, 32], 100, 1_233_540 },
        { "resnet32x4", [3, 32, 32], 100, 7_433_860 },
        { "wrn-16-2", [3, 32, 32], 100, 703_284 },
        { "wrn-40-1", [3, 32, 32], 100, 569_780 },
        { "wrn-40-2", [3, 32, 32], 100, 2_255_156 },
        { "mobilenetv2", [3, 64, 64], 1000, 3_504_872 }, // torchvision's figures
        { "mobilenetv3-small", [3, 64, 64], 1000, 2_542_856 },
        { "mobilenetv3-large", [3, 64, 64], 1000, 5_483_032 },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void Student_OfPublishedSize_HasItsParameters(string name, int[] sampleShape, int classes, long parameters) =>
        Assert.Equal(parameters, Learned(Build(name, sampleShape, classes)));

    /// <summary>DeiT-Ti of Touvron et al. 2021: 5.7 million.</summary>
    [Fact]
    public void VitTiny_OfPaper_HasItsParameters()
    {
        const long Block = 4 * 192 + 3 * (192 * 192 + 192) + 192 * 192 + 192 + 192 * 768 + 768 + 768 * 192 + 192;
        const long Ends = 3 * 16 * 16 * 192 + 192 + 192 + 197 * 192 + 2 * 192 + 192 * 1000 + 1000;
        Assert.Equal(5_717_416, 12 * Block + Ends);
        Assert.Equal(12 * Block + Ends, Learned(Build("vit-tiny", [3, 224, 224], 1000, ("patch", 16))));
    }

    /// <summary>The sum that gives GPT-2's 124 million (without the head's copy) gives a small one's as well.</summary>
    [Fact]
    public void Gpt_OfAnySize_CountsAsGpt2Does()
    {
        Assert.Equal(124_439_808, Sum(50257, 1024, 768, 12));
        Assert.Equal(Sum(100, 16, 48, 3), Learned(Build("gpt-nano", [16], 100)));

        static long Sum(long vocabulary, long context, long width, long depth) =>
            (vocabulary + context) * width + depth * (12 * width * width + 13 * width) + 2 * width;
    }

    /// <summary>An LSTM has four gates per direction, each with two biases, as PyTorch counts them; a GRU three.</summary>
    [Theory]
    [InlineData("bilstm", 4)]
    [InlineData("bigru", 3)]
    public void Recurrent_OfTwoLayers_HasItsParameters(string name, int gates)
    {
        long first = 2 * gates * (128 * 40 + 128 * 128 + 2 * 128), second = 2 * gates * (128 * 256 + 128 * 128 + 2 * 128);
        Assert.Equal(first + second + 256 * 10 + 10, Learned(Build(name, [50, 40], 10, ("depth", 2))));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(14)]
    [InlineData(32)]
    [InlineData(44)]
    [InlineData(56)]
    [InlineData(110)]
    public void ResNet_OfDepth_HasAsManyWeightedLayers(int depth)
    {
        var nodes = Build($"resnet{depth}", [3, 16, 16], 10).Proto.Graph.Node;
        Assert.Equal(depth, nodes.Count(node => node.OpType is "Conv" or "Gemm" && !node.Name.EndsWith("shortcut")));
    }

    [Theory]
    [InlineData(16, 2)]
    [InlineData(22, 3)]
    public void WideResNet_OfDepth_HasAsManyConvolutions(int depth, int widening)
    {
        var graph = Build($"wrn-{depth}-{widening}", [3, 16, 16], 10).Proto.Graph;
        // The paper's depth counts the three shortcuts' convolutions, and not the classifier.
        Assert.Equal(depth, graph.Node.Count(node => node.OpType == "Conv"));
        Assert.Equal([10, 64 * widening], graph.Initializer.Single(tensor => tensor.Name == "classifier.weight").Dims);
    }

    /// <summary>The published networks halve 224 pixels five times; small images are halved less.</summary>
    [Theory]
    [InlineData(224, 7)]
    [InlineData(64, 4)]
    [InlineData(32, 4)]
    [InlineData(28, 7)]
    public void MobileNet_OfSmallImages_KeepsFourPixels(int side, int left)
    {
        foreach (var name in new[] { "mobilenetv2", "mobilenetv3-small", "mobilenetv3-large" })
        {
            var strides = Build(name, [3, side, side], 10, ("width", 0.1)).Proto.Graph.Node
                .Where(node => node.Attribute.Any(attribute => attribute.Name == "strides"));
            Assert.Equal(left, strides.Aggregate(side, (length, _) => (length + 1) / 2));
        }
    }

    private static OnnxModel Build(string name, int[] sampleShape, int classes, params (string, object?)[] values) =>
        Architectures.Build(ArchitecturesTests.Options(name, values), sampleShape, classes, 1);

    private static long Learned(OnnxModel student) => StudentCase.Learned(student).Sum(tensor => (long)tensor.ElementCount());
}
