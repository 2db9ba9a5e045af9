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

    /// <summary>Ids are looked up, whatever is done to each before; a table of which some columns are computed with holds amounts beside ids.</summary>
    [Theory]
    [InlineData(true, "Gather table ids")]
    [InlineData(true, "Add ids two > sum", "Gather table sum")]
    [InlineData(true, "Unsqueeze ids > same", "OneHot same two")]
    [InlineData(true, "Split ids > a b", "Gather table a", "Gather wide b")]
    [InlineData(true, "Hash@own ids")]
    [InlineData(false, "Sub ids two > less")]
    [InlineData(false, "Cast ids > floats", "Sub floats scale > less")]
    [InlineData(false, "Split ids > a b", "Gather table a", "Cast b > floats")]
    public void AreIds_OfWhatIsDoneWithThem(bool expected, params string[] nodes)
    {
        var graph = Graph();
        foreach (var node in nodes)
        {
            var (from, to) = node.Split(" > ") is [var read, var made] ? (read.Split(' '), made.Split(' ')) : (node.Split(' '), ["y"]);
            var written = new NodeProto { OpType = from[0].Split('@')[0], Domain = from[0].Split('@') is [_, var domain] ? domain : "", Input = { from[1..] }, Output = { to } };
            if (written.OpType == "Cast")
                written.Attribute.Add(new AttributeProto { Name = "to", Type = AttributeType.Int, I = 1 });
            graph.Node.Add(written);
        }
        Assert.Equal(expected, LookupTables.AreIds(graph, "ids"));
    }

    private static GraphProto Graph() => new()
    {
        Input = { ValueInfo.Create("ids", ElementType.Int64, "N", "T"), ValueInfo.Create("kinds", ElementType.Int64, "N", "T") },
        Initializer = { TensorData.Create("table", new float[14], 7, 2), TensorData.Create("wide", new float[10], 2, 5), TensorData.Create("scale", [1f]), TensorData.Create("two", [2L]) },
    };

    private static NodeProto Gather(string table, string ids, long axis = 0) =>
        new() { OpType = "Gather", Input = { table, ids }, Output = { $"{table}.rows" }, Attribute = { new AttributeProto { Name = "axis", Type = AttributeType.Int, I = axis } } };
}
