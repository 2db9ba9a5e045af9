using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.Core.Tests.Onnx;

public sealed class LookupTablesTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Cast")]
    [InlineData("Unsqueeze")]
    [InlineData("Reshape")]
    public void Smallest_BehindWhatKeepsNumbers_IsTheTable(string between)
    {
        var graph = Graph();
        if (between.Length > 0)
            graph.Node.Insert(0, new NodeProto { OpType = between, Input = { "ids" }, Output = { "same" } });
        graph.Node.Add(Gather("table", between.Length > 0 ? "same" : "ids"));
        Assert.Equal(new LookupTable("table", 7), LookupTables.Smallest(graph, "ids"));
    }

    [Fact]
    public void Smallest_OfTwo_IsTheOneWithFewerRows()
    {
        var graph = Graph();
        graph.Node.Add([Gather("table", "ids"), Gather("wide", "ids", axis: -1)]);
        Assert.Equal(new LookupTable("wide", 5), LookupTables.Smallest(graph, "ids"));
    }

    [Fact]
    public void Smallest_OfAQuantisedTable_IsThatOfItsCodes()
    {
        var graph = Graph();
        graph.Node.Add([new NodeProto { OpType = "DequantizeLinear", Input = { "table", "scale" }, Output = { "floats" } }, Gather("floats", "ids")]);
        Assert.Equal(7, LookupTables.Smallest(graph, "ids")?.Rows);
    }

    [Fact]
    public void Smallest_OfOnnxRuntimesEmbedding_TellsTokensFromKinds()
    {
        var graph = Graph();
        graph.Node.Add(new NodeProto { OpType = "EmbedLayerNormalization", Domain = "com.microsoft", Input = { "ids", "kinds", "table", "positions", "wide" }, Output = { "rows" } });
        Assert.Equal("table", LookupTables.Smallest(graph, "ids")?.Name);
        Assert.Equal("wide", LookupTables.Smallest(graph, "kinds")?.Name);
    }

    [Fact]
    public void Smallest_OfWhatIsComputedWith_IsNone()
    {
        var graph = Graph();
        graph.Node.Add([new NodeProto { OpType = "Mul", Input = { "ids", "two" }, Output = { "doubled" } }, Gather("table", "doubled"), Gather("ids", "kinds")]);
        Assert.Null(LookupTables.Smallest(graph, "ids"));
        Assert.Null(LookupTables.Smallest(graph, "kinds"));
    }

    private static GraphProto Graph() => new()
    {
        Input = { ValueInfo.Create("ids", ElementType.Int64, "N", "T"), ValueInfo.Create("kinds", ElementType.Int64, "N", "T") },
        Initializer = { TensorData.Create("table", new float[14], 7, 2), TensorData.Create("wide", new float[10], 2, 5), TensorData.Create("scale", [1f]), TensorData.Create("two", [2L]) },
    };

    private static NodeProto Gather(string table, string ids, long axis = 0) =>
        new() { OpType = "Gather", Input = { table, ids }, Output = { $"{table}.rows" }, Attribute = { new AttributeProto { Name = "axis", Type = AttributeType.Int, I = axis } } };
}
