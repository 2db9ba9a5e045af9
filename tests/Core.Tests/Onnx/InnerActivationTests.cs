using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Tests.Onnx;

public sealed class InnerActivationTests
{
    [Theory]
    [InlineData("Sigmoid a p|Sigmoid b q|Concat p,q y", HeadActivation.Sigmoid)]
    [InlineData("Sigmoid a p|Resize p,,scales y", HeadActivation.Sigmoid)]
    [InlineData("Softmax a p|Transpose p y", HeadActivation.Softmax)]
    [InlineData("Softmax a p|Softmax b q|Add p,q s|Mul s,half y", HeadActivation.Softmax)]
    [InlineData("Sigmoid a p|Softmax b q|Concat p,q y", HeadActivation.None)]
    [InlineData("Sigmoid a p|Concat p,b y", HeadActivation.None)]
    [InlineData("Sigmoid a p|Relu p y", HeadActivation.None)]
    [InlineData("Add a,half y", HeadActivation.None)]
    [InlineData("Add half,half y", HeadActivation.None)]
    public void Find_KnowsWhatAllValuesComeFrom(string nodes, HeadActivation expected)
    {
        var graph = new GraphProto { Initializer = { TensorData.Create("half", [0.5f]), TensorData.Create("scales", [1f]) } };
        foreach (var node in nodes.Split('|'))
            if (node.Split(' ') is [var operation, var inputs, var output])
                graph.Node.Add(new NodeProto { OpType = operation, Input = { inputs.Split(',') }, Output = { output } });

        Assert.Equal(expected, InnerActivation.Find(new(graph), "y"));
    }

    /// <summary>A file may have any number of nodes in a row; no head has.</summary>
    [Fact]
    public void Find_BehindVeryManyNodes_GivesUp()
    {
        var graph = new GraphProto { Node = { new NodeProto { OpType = "Sigmoid", Input = { "x" }, Output = { "t0" } } } };
        for (var i = 0; i < 100_000; i++)
            graph.Node.Add(new NodeProto { OpType = "Identity", Input = { $"t{i}" }, Output = { $"t{i + 1}" } });

        Assert.Equal(HeadActivation.None, InnerActivation.Find(new(graph), "t100000"));
    }
}
