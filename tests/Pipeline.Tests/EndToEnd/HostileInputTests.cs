using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Small files that ask for much, and places that a result must not take.</summary>
public sealed class HostileInputTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("ConstantOfShape")]
    [InlineData("Expand")]
    [InlineData("Tile")]
    [InlineData("Concat")]
    public void Inspect_ModelThatAsksForGigabytes_IsRefusedWithALimit(string operation)
    {
        var model = LinearModel.Write(folder["m.onnx"], edit: model => AddLarge(model.Graph, operation));

        var report = Cli.Done("inspect", model, "--json").Output;

        Assert.Contains("asks for more memory than it may have", report);
        Assert.Contains("--memory-limit", report);
        Assert.DoesNotContain("\"possible\": true", report);
    }

    [Fact]
    public void Inspect_InputOfABillionValues_IsRefusedWithALimit()
    {
        var model = LinearModel.Write(folder["m.onnx"], edit: model => model.Graph.Input[0].Type.TensorType.Shape.Dim[1].DimValue = 1_000_000_000);

        Assert.Contains("too large to try it", Cli.Done("inspect", model, "--json").Output);
    }

    [Fact]
    public void Inspect_SumWithAnInputWithoutAName_IsRefusedBeforeItRuns()
    {
        var model = LinearModel.Write(folder["m.onnx"], edit: model =>
        {
            model.Graph.Node[2].OpType = "Sum";
            model.Graph.Node[2].Input.Add("");
        });

        Assert.Contains("A node lacks an input.", Cli.Fails(2, "inspect", model));
    }

    [Fact]
    public void Inspect_OptionalInputThatIsAnEmptyName_IsLeftOut()
    {
        var model = LinearModel.Write(folder["m.onnx"], edit: model =>
        {
            model.Graph.Initializer.Add(TensorData.Create("scale", new float[Blobs.Classes], Blobs.Classes));
            model.Graph.Node[2].OpType = "LayerNormalization";
            model.Graph.Node[2].Input.Add(["scale", ""]);
        });

        Assert.Contains("\"possible\": true", Cli.Done("inspect", model, "--json").Output);
    }

    [Fact]
    public void Inspect_NodeWhoseFirstOutputNobodyReads_IsMeasured()
    {
        var model = LinearModel.Write(folder["m.onnx"], edit: model =>
        {
            var graph = model.Graph;
            graph.Initializer.Add(TensorData.Create("k", [(long)Blobs.Classes], 1));
            graph.Node.Insert(2, new NodeProto { OpType = "TopK", Input = { "product", "k" }, Output = { "values", "places" } });
            graph.Node[3].OpType = "Cast";
            graph.Node[3].Input[0] = "places";
            graph.Node[3].Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
        });

        Assert.Contains($"\"multiply_adds\": {16 * Blobs.Classes}", Cli.Done("inspect", model, "--json").Output);
    }

    [Theory]
    [InlineData("cycle", "name: &a [ *a ]\n", "holds itself")]
    [InlineData("documents", "name: a\n---\nname: b\n", "several documents")]
    [InlineData("key", "? {a: b}\n: c\n", "not a word")]
    [InlineData("underscore", "name: a\ndata: { transfer: { samples: x, labels_key: y } }\n", "'labels-key'")]
    public void Run_RecipeThatIsNotPlain_IsRefused(string name, string yaml, string expected) =>
        Assert.Contains(expected, Cli.Fails(2, "run", folder.Write($"{name}.yaml", yaml)));

    [Fact]
    public void Run_RecipeOfManyBracketsOrAliases_IsRefused()
    {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + string.Concat(
            Enumerable.Range(1, 9).Select(i => $"{(char)('a' + i)}: &{(char)('a' + i)} [{string.Join(',', Enumerable.Repeat($"*{(char)('a' + i - 1)}", 9))}]\n"));

        Assert.Contains("nested too deeply", Cli.Fails(2, "run", folder.Write("deep.yaml", "a: " + new string('[', 100_000))));
        Assert.Contains("holds too much", Cli.Fails(2, "run", folder.Write("bomb.yaml", bomb)));
    }

    [Fact]
    public void Report_WriterThatFails_StopsNothing()
    {
        var writer = OnnxKd.Pipeline.Terminal.TerminalWriter.Wrap(new FailingWriter());

        writer.WriteLine("lost");

        Assert.IsType<IOException>(writer.Failure);
    }

    private static void AddLarge(GraphProto graph, string operation)
    {
        graph.Initializer.Add(TensorData.Create("size", [1L << 28], 1));
        graph.Initializer.Add(TensorData.Create("start", [1f], 1));
        if (operation == "Concat")
            for (var i = 0; i < 29; i++)
                Add("Concat", i == 0 ? ["start", "start"] : [$"c{i - 1}", $"c{i - 1}"], i == 28 ? "large" : $"c{i}", "axis", 0);
        else
            Add(operation, operation == "ConstantOfShape" ? ["size"] : ["start", "size"], "large");
        Add("ReduceMax", ["large"], "most", "keepdims", 0);
        Add("Add", ["product", "most"], "shifted");
        graph.Node.Remove(graph.Node.First(node => node.Output[0] == "logits"));
        Add("Identity", ["shifted"], "logits");

        void Add(string type, string[] inputs, string output, string? attribute = null, long value = 0)
        {
            var node = new NodeProto { OpType = type, Input = { inputs }, Output = { output } };
            if (attribute is not null)
                node.Attribute.Add(new AttributeProto { Name = attribute, Type = AttributeProto.Types.AttributeType.Int, I = value });
            graph.Node.Add(node);
        }
    }

    private sealed class FailingWriter : StringWriter
    {
        public override void WriteLine(string? value) => throw new IOException("closed");
    }
}
