using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.Pipeline.Tests.Defaults;

/// <summary>Labels that are texts, or numbers that are no indices: the teacher's graph says which class each of them is.</summary>
public sealed class LabelDefaultsTests : IDisposable
{
    private const int Samples = 60;

    private readonly TemporaryFolder folder = new();

    public LabelDefaultsTests()
    {
        // Of two numbers the larger one is the class; 'pays' comes before 'cancels', as no alphabet has them.
        var rows = Enumerable.Range(0, Samples).Select(i => (A: i * 7 % 10, B: i * 3 % 10 + 0.5)).ToArray();
        folder.Write("rows.csv", string.Join("\n", rows.Select(row => FormattableString.Invariant($"{row.A},{row.B},{(row.A > row.B ? "pays" : "cancels")}")).Prepend("a,b,status")) + "\n");
        Npy.Write(folder["x.npy"], rows.SelectMany(row => new[] { row.A, (float)row.B }).ToArray(), Samples, 2);
        Npy.Write(folder["keys.npy"], [.. rows.Select(row => row.A > row.B ? 5L : 10L)], Samples);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_OfTextLabelsThatTheTeacherNames_TakesItsOrder()
    {
        Write("encoder.onnx", new NodeProto { OpType = "ArgMax", Input = { "p" }, Output = { "top" }, Attribute = { Int("axis", 1), Int("keepdims", 0) } }, new NodeProto
        {
            OpType = "LabelEncoder", Domain = "ai.onnx.ml", Input = { "top" }, Output = { "label" },
            Attribute =
            {
                new AttributeProto { Name = "keys_int64s", Type = AttributeType.Ints, Ints = { 0, 1 } },
                new AttributeProto { Name = "values_strings", Type = AttributeType.Strings, Strings = { Text("pays"), Text("cancels") } },
            },
        });
        string[] options = ["--runs", folder["runs"], "--name", "texts", "--teacher", folder["encoder.onnx"], "--samples", folder["rows.csv"], "--labels", folder["rows.csv"], "--set", "data.transfer.labels-key=status"];
        var run = Cli.Done(["run", .. options, "--alpha", "0.5", "--quick", "--threads", "1"]);

        Assert.Contains("chosen: classes [pays, cancels]", run.Error);
        var recipe = File.ReadAllText(folder["runs/texts/recipe.yaml"]);
        Assert.True(recipe.IndexOf("pays", StringComparison.Ordinal) is > 0 and var first && first < recipe.IndexOf("cancels", StringComparison.Ordinal), recipe);

        // A text that the teacher does not name: the user says what it is.
        File.AppendAllText(folder["rows.csv"], "1,2,unknown\n");
        Assert.Contains("table.classes: [cancels, pays, unknown]", Cli.Fails(2, ["cache", .. options]));
    }

    [Fact]
    public void Cache_OfLabelsThatAreKeys_SaysSo()
    {
        Write("keys.onnx", new NodeProto
        {
            OpType = "ZipMap", Domain = "ai.onnx.ml", Name = "zip", Input = { "p" }, Output = { "probabilities" },
            Attribute = { new AttributeProto { Name = "classlabels_int64s", Type = AttributeType.Ints, Ints = { 5, 10 } } },
        });
        var error = Cli.Fails(2, "cache", "--runs", folder["runs"], "--name", "keys", "--teacher", folder["keys.onnx"], "--samples", folder["x.npy"], "--labels", folder["keys.npy"]);
        Assert.Contains("the names that the model gives its classes (5, 10, in the order of the indices)", error);
        Assert.Contains("table.classes: [\"5\", \"10\"]", error);
    }

    private void Write(string file, params NodeProto[] behind)
    {
        var isMap = behind[^1].OpType == "ZipMap";
        var graph = new GraphProto
        {
            Name = "larger", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 2) },
            Output = { isMap ? Map() : ValueInfo.Create("p", ElementType.Float32, "N", 2) },
            Node = { new NodeProto { OpType = "Softmax", Input = { "x" }, Output = { "p" }, Attribute = { Int("axis", 1) } } },
        };
        graph.Node.AddRange(behind);
        if (!isMap)
        {
            graph.Output.Add(ValueInfo.Create("label", ElementType.Int64, "N"));
            graph.Output[^1].Type.TensorType.ElemType = (int)TensorProto.Types.DataType.String;
        }
        OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 }, new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 2 } } }).Save(folder[file]);
    }

    private static ValueInfoProto Map() => new()
    {
        Name = "probabilities",
        Type = new()
        {
            SequenceType = new()
            {
                ElemType = new()
                {
                    MapType = new()
                    {
                        KeyType = (int)TensorProto.Types.DataType.Int64, ValueType = new() { TensorType = new() { ElemType = (int)TensorProto.Types.DataType.Float } },
                    },
                },
            },
        },
    };

    private static Google.Protobuf.ByteString Text(string text) => Google.Protobuf.ByteString.CopyFromUtf8(text);

    private static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };
}
