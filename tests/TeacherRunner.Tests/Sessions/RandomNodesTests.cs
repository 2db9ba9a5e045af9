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

    private static GraphBuilder Noisy(string op) =>
        new GraphBuilder().Input("x", DataType.Float, "N", 3).Node(op, "x", "noise").Node("Add", "x noise", "sum").Node("Softmax", "sum", "probabilities").Output("probabilities");

    private static OnnxClassifier Open(GraphBuilder graph) => OnnxClassifier.Open(graph.Build(), [3], device: "cpu", threads: 1);
}
