using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public class TokenPoolingTests
{
    private const int Tokens = 4;

    // The state of token t is [id, -3 · id] of its id; the masks have a hole, padding before the tokens, and none of them.
    private static readonly float[][] ids = [[1, 5, 2, 7], [9, 9, 3, 4], [6, 6, 6, 6], [8, 2, 2, 4]];
    private static readonly float[][] masks = [[1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]];

    [Theory]
    [InlineData(9)]
    [InlineData(13)]
    [InlineData(22)]
    public void Pooling_WithMask_ReadsWhatCounts(int opset)
    {
        var sample = SampleShape.Of([new("ids", ElementType.Int64, [Tokens]), new("attention_mask", ElementType.Int64, [Tokens])], "attention_mask");
        float[] rows = [.. ids.Zip(masks).SelectMany(row => row.First.Concat(row.Second))];

        Assert.Equal([1.5f, -4.5f, 3.5f, -10.5f, 0, 0, 4, -12], Run(Builder(opset, masked: true), sample, rows, TokenPool.Mean));
        // Of a text without tokens no token is the first that counts; its mask is 0 throughout, and the first place is taken.
        Assert.Equal([1, -3, 3, -9, 6, -18, 8, -24], Run(Builder(opset, masked: true), sample, rows, TokenPool.First));
    }

    [Theory]
    [InlineData(TokenPool.Mean)]
    [InlineData(TokenPool.First)]
    public void Pooling_WithAMaskOfPadding_ReadsTheSame(TokenPool pooling)
    {
        SamplePart[] parts = [new("ids", ElementType.Int64, [Tokens]), new("attention_mask", ElementType.Int64, [Tokens])];
        float[] Rows(Func<float, float> mark) => [.. ids.Zip(masks).SelectMany(row => row.First.Concat(row.Second.Select(mark)))];

        Assert.Equal(
            Run(Builder(17, masked: true), SampleShape.Of(parts, "attention_mask"), Rows(mark => mark), pooling),
            Run(Builder(17, masked: true), SampleShape.Of(parts, "attention_mask", marksPadding: true), Rows(mark => 1 - mark), pooling));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(22)]
    public void Pooling_WithoutMask_ReadsAllTokens(int opset)
    {
        float[] rows = [.. ids.SelectMany(row => row)];
        Assert.Equal([3.75f, -11.25f, 6.25f, -18.75f, 6, -18, 4, -12], Run(Builder(opset, masked: false), [Tokens], rows, TokenPool.Mean));
        Assert.Equal([1, -3, 9, -27, 6, -18, 8, -24], Run(Builder(opset, masked: false), [Tokens], rows, TokenPool.First));
    }

    [Fact]
    public void Pooling_IsAnEmbedding_AndNoOutputOfTheFile()
    {
        using var session = OnnxClassifier.Open(
            Builder(17, masked: false).Build(), [Tokens], [new() { Pooling = TokenPool.Mean }], new() { Device = "cpu" });
        Assert.Equal(StreamKind.Embedding, session.Output.Kind);
        Assert.Equal([2], session.Output.Shape);
        Assert.Null(session.Interface.Output);
    }

    [Fact]
    public void Pooling_OfWhatHasNoTokens_SaysWhatItNeeds()
    {
        var model = new GraphBuilder().Input("x", DataType.Float, "n", 3).Node("Relu", "x", "y").Output("y").Build();
        model.Proto.Graph.Output[0].Type.TensorType.Shape = model.Proto.Graph.Input[0].Type.TensorType.Shape.Clone();
        var error = Assert.Throws<InputException>(() => OnnxClassifier.Open(model, [3], [new() { Pooling = TokenPool.Mean }], new() { Device = "cpu" }));
        Assert.Contains("[N, tokens, columns]", error.Message);
        Assert.Contains("pooling", error.Message);
    }

    private static GraphBuilder Builder(int opset, bool masked)
    {
        var builder = new GraphBuilder(opset).Input("ids", masked ? DataType.Int64 : DataType.Float, "n", "tokens");
        if (masked)
            builder.Input("attention_mask", DataType.Int64, "n", "tokens");
        builder.Integers("column", 0, 0, 1).Floats("w", [1, -3], 1, 1, 2);
        builder = masked ? builder.Node("Cast", "ids", "id", ("to", (long)DataType.Float)) : builder.Node("Identity", "ids", "id");
        return builder.Node("Reshape", "id column", "down").Node("Mul", "down w", "states").Output("states");
    }

    private static float[] Run(GraphBuilder builder, SampleShape sample, float[] rows, TokenPool pooling)
    {
        using var session = OnnxClassifier.Open(builder.Build(), sample, [new() { Pooling = pooling }], new() { Device = "cpu" });
        var pooled = new float[ids.Length * 2];
        session.Run(rows, ids.Length, pooled);
        return pooled;
    }
}
