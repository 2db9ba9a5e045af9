using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public class RandomNodesTests
{
    [Theory]
    [InlineData("RandomNormalLike")]
    [InlineData("RandomUniformLike")]
    [InlineData("Bernoulli")]
    public void Open_AnswerThatDependsOnChance_IsRefusedWithTheNode(string op)
    {
        var error = Assert.Throws<UnsupportedModelException>(() => Open(Noisy(op)));

        Assert.Contains($"node 'noise' ({op})", error.Message);
    }

    [Fact]
    public void Open_NoiseThatNobodyReads_IsNoMatter()
    {
        using var model = Open(new GraphBuilder().Input("x", DataType.Float, "N", 3).Node("RandomNormalLike", "x", "noise").Node("Softmax", "x", "probabilities").Output("probabilities"));

        Assert.Equal(3, model.Classes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_DropoutInTrainingMode_IsRefused(bool trains)
    {
        var graph = new GraphBuilder().Input("x", DataType.Float, "N", 3).Floats("ratio", [0.5f]).Node("Dropout", "x ratio mode", "noise").Node("Softmax", "noise", "probabilities")
            .Output("probabilities");
        graph.Graph.Initializer.Add(TensorData.Create("mode", ElementType.Bool, [(byte)(trains ? 1 : 0)]));

        if (trains)
            Assert.Contains("evaluation mode", Assert.Throws<UnsupportedModelException>(() => Open(graph)).Message);
        else
            Open(graph).Dispose();
    }

    [Fact]
    public void Open_NormalisationByTheBatch_IsRefused()
    {
        var graph = new GraphBuilder().Input("x", DataType.Float, "N", 3).Floats("one", [1, 1, 1], 3).Floats("zero", [0, 0, 0], 3)
            .Node("BatchNormalization", "x one zero zero one", "logits", ("training_mode", 1)).Output("logits");

        Assert.Contains("node 'logits' (BatchNormalization)", Assert.Throws<UnsupportedModelException>(() => Open(graph)).Message);
    }

    /// <summary>No node gives it away: it shows where a sample runs alone and beside others.</summary>
    [Fact]
    public void Open_AnswerThatDependsOnTheSamplesBeside_IsRefused()
    {
        var graph = new GraphBuilder().Input("x", DataType.Float, "N", 3).Node("ReduceMean", "x", "mean", ("keepdims", 1)).Node("Sub", "x mean", "logits").Output("logits");
        graph.Graph.Node[0].Attribute.Add(new Onnx.AttributeProto { Name = "axes", Type = Onnx.AttributeProto.Types.AttributeType.Ints, Ints = { 0 } });

        var error = Assert.Throws<UnsupportedModelException>(() => Open(graph)).Message;

        Assert.Contains("depends on the samples beside it", error);
        Assert.Contains("tensor 'logits'", error);
    }

    /// <summary>The scale of 8 bits is that of the least and greatest value that a run is given.</summary>
    [Fact]
    public void Run_OfATeacherThatRoundsByTheRun_GivesEachSampleWhatItGivesAlone()
    {
        using var model = Open(new GraphBuilder().Input("x", DataType.Float, "N", 3).Node("DynamicQuantizeLinear", "x", "codes").Edit(node => node.Output.Add(["scale", "zero"]))
            .Node("DequantizeLinear", "codes scale zero", "logits").Output("logits"));
        float[] samples = [0.11f, 0.27f, 1, 30, -70, 2, 0.013f, 0.0271f, -0.01f];

        var together = new float[9];
        model.Run(samples, 3, together);

        Assert.True(model.IsRoundedByRun);
        var alone = new float[3];
        for (var row = 0; row < 3; row++)
        {
            model.Run(samples.AsMemory(3 * row, 3), 1, alone);
            Assert.Equal(alone, together[(3 * row)..(3 * row + 3)]);
        }
    }

    private static GraphBuilder Noisy(string op) =>
        new GraphBuilder().Input("x", DataType.Float, "N", 3).Node(op, "x", "noise").Node("Add", "x noise", "sum").Node("Softmax", "sum", "probabilities").Output("probabilities");

    private static OnnxClassifier Open(GraphBuilder graph) => OnnxClassifier.Open(graph.Build(), [3], device: "cpu", threads: 1);
}
