using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.Core.Tests.Onnx;

public class SampleBranchesTests
{
    [Theory]
    [InlineData("ReduceSum", true)] // of what samples hold
    [InlineData("Size", false)] // of how many there are
    public void AreIn_DependsOnWhatDecidesTheCondition(string decides, bool expected)
    {
        var graph = Deciding(decides);
        Assert.Equal(expected, SampleBranches.AreIn(graph));
        Assert.Equal(expected, SampleBranches.AreIn(Within(graph)));
    }

    [Fact]
    public void AreIn_ConditionOfConstants_IsFalse()
    {
        var graph = Deciding("ReduceSum");
        graph.Node[0].Input[0] = "zero";
        Assert.False(SampleBranches.AreIn(graph));
    }

    /// <summary>y is taken from a branch if some number of x is not 0.</summary>
    private static GraphProto Deciding(string decides) => new()
    {
        Input = { ValueInfo.Create("x", ElementType.Float32, "N", 2) }, Initializer = { TensorData.Create("zero", [0f]) },
        Node =
        {
            new NodeProto { OpType = decides, Input = { "x" }, Output = { "number" } },
            new NodeProto { OpType = "Cast", Input = { "number" }, Output = { "condition" } },
            new NodeProto { OpType = "If", Input = { "condition" }, Output = { "y" }, Attribute = { Held("then_branch", new() { Output = { ValueInfo.Create("x", ElementType.Float32, "N", 2) } }) } },
        },
    };

    /// <summary>The same in the body of a loop, whose x is that around it.</summary>
    private static GraphProto Within(GraphProto graph)
    {
        var (outer, body) = (graph.Clone(), graph.Clone());
        body.Input.Clear();
        outer.Node.Clear();
        outer.Node.Add(new NodeProto { OpType = "Loop", Input = { "", "" }, Output = { "y" }, Attribute = { Held("body", body) } });
        return outer;
    }

    private static AttributeProto Held(string name, GraphProto graph) => new() { Name = name, Type = AttributeType.Graph, G = graph };
}
