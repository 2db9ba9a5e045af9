using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Students;

/// <summary>What architectures promise beyond shapes, as ONNX Runtime sees it.</summary>
public class StudentMeaningTests
{
    private static readonly long[] Words = [5, 9, 7, 12];

    [Theory]
    [InlineData("mean")]
    [InlineData("first")]
    public void Transformer_OfPaddedText_GivesWhatTheTextGives(string pooling)
    {
        var student = Build("transformer", [7], 4, ("vocabulary", 50), ("width", 16), ("padding", 3), ("pooling", pooling));
        var text = StudentCase.OnnxRuntime(student, Words, 1, 4).Values;
        var padded = StudentCase.OnnxRuntime(student, (long[])[.. Words, 3, 3, 3], 1, 7).Values;
        Near.Equal(text, padded, 1e-6);
    }

    [Fact]
    public void Transformer_OfNothingButPadding_GivesNumbers()
    {
        var student = Build("transformer", [3], 4, ("vocabulary", 50), ("width", 16), ("padding", 3));
        Assert.All(StudentCase.OnnxRuntime(student, new long[] { 3, 3, 3 }, 1, 3).Values, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Gpt_OfOtherLaterTokens_GivesTheSameBefore()
    {
        var student = Build("gpt-nano", [6], 50);
        var all = StudentCase.OnnxRuntime(student, (long[])[.. Words, 1, 2], 1, 6).Values;
        var others = StudentCase.OnnxRuntime(student, (long[])[.. Words, 30, 31], 1, 6).Values;
        var shorter = StudentCase.OnnxRuntime(student, Words, 1, 4).Values;
        Near.Equal(all.AsSpan(0, 200), others.AsSpan(0, 200), 1e-6);
        Near.Equal(all.AsSpan(0, 200), shorter, 1e-6);
        Assert.NotEqual(all[250], others[250]);
    }

    [Fact]
    public void Gpt_Embedding_IsOneTensorForBothEnds()
    {
        var graph = Build("gpt-nano", [6], 50).Proto.Graph;
        var readers = new GraphIndex(graph).Consumers("tokens.weight");
        Assert.Equal(["Gather", "Transpose"], readers.Select(node => node.OpType));
        Assert.Equal("MatMul", Assert.Single(new GraphIndex(graph).Consumers("unembedding")).OpType);
        Assert.Single(graph.Initializer, tensor => tensor.Dims.Contains(50));
    }

    [Theory]
    [InlineData("crnn")]
    [InlineData("ctc-conv")]
    public void Recogniser_OfWiderImages_GivesMoreFrames(string name)
    {
        var student = Build(name, [16, 32], 11, ("widths", new[] { 4, 8 }), ("hidden", 8));
        Assert.Equal([2, 16, 11], StudentCase.OnnxRuntime(student, Numbers.Uniform(1, 2 * 16 * 64), 2, 16, 64).Shape);
    }

    [Fact]
    public void Recurrent_OfSequenceAndItsReverse_Differs()
    {
        var student = Build("bigru", [3, 2], 4, ("hidden", 8));
        var forward = StudentCase.OnnxRuntime(student, new[] { 0f, 1, 2, 3, 4, 5 }, 1, 3, 2).Values;
        var backward = StudentCase.OnnxRuntime(student, new[] { 4f, 5, 2, 3, 0, 1 }, 1, 3, 2).Values;
        Assert.NotEqual(forward, backward);
    }

    [Fact]
    public void Gelu_OfTransformer_IsTheFiveNodesOfExporters()
    {
        var ops = Build("vit", [8, 8], 4, ("depth", 1)).Proto.Graph.Node
            .Where(node => node.Name.StartsWith("block1.mlp.gelu")).Select(node => node.OpType);
        Assert.Equal(["Div", "Erf", "Add", "Mul", "Mul"], ops);
    }

    private static OnnxModel Build(string name, int[] sampleShape, int classes, params (string, object?)[] values) =>
        Architectures.Build(ArchitecturesTests.Options(name, values), sampleShape, classes, 1);
}
