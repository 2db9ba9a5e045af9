using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Defaults;

/// <summary>Students from files that are made for values as they come: fitted preprocessing stays away from them.</summary>
public sealed class OwnScaleTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("Sub x constant s;MatMul s w y", "Sub")]
    [InlineData("Transpose x t;Transpose t u;Div u constant s;MatMul s w y", "Div")]
    [InlineData("Clip x constant s;MatMul s w y", "Clip")]
    [InlineData("ReduceMean x mean;Greater mean constant above;Cast above a;MatMul x w z;Add z a y", "Greater")]
    [InlineData("MatMul x w y", null)]
    [InlineData("MatMul x w z;Add z constant y", null)] // a bias
    [InlineData("MatMul x w z;Relu z r;Add r x y", null)] // around a layer
    public void Find_NamesTheNodeThatMeansAScale(string nodes, string? expected)
    {
        var found = OwnScale.Find(OnnxModel.FromProto(Model([.. nodes.Split(';').Select(Node)])));

        Assert.Equal(expected is not null, found is not null);
        if (expected is not null)
            Assert.EndsWith($", {expected})", found);
    }

    /// <summary>The branch of a sample is that of its stored values: what is trained, what is exported and what the file says agree.</summary>
    [Fact]
    public void Run_OfAStudentWhoseInputDecidesItsBranch_LeavesItsInputAsItIs()
    {
        OnnxModel.FromProto(Model(Node("MatMul x w y"))).Save(folder["teacher.onnx"]);
        OnnxModel.FromProto(Branching()).Save(folder["student.onnx"]);
        var random = new Random(1);
        Npy.Write(folder["x.npy"], [.. Enumerable.Range(0, 60 * 4).Select(i => (i / 4 % 2 == 0 ? 200 : 50) + 30 * random.NextSingle())], 60, 4);

        var run = Cli.Run(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", folder["teacher.onnx"], "--kind", "values", "--samples", folder["x.npy"], "--student", folder["student.onnx"], "--init", "fresh", "--epochs", "1",
            "--batch-size", "20", "--lr", "1e-7", "--threads", "1");

        Assert.Contains("chosen: student.preprocessing none, for student.onnx takes samples as they are: which branch of an If runs depends on its input", run.Error);
        Assert.Contains("preprocessing: none", File.ReadAllText(folder["run/recipe.yaml"]));
        Assert.Equal(Branching().Graph.Node.Select(node => node.OpType), OnnxModel.Load(folder["run/student.onnx"]).Proto.Graph.Node.Select(node => node.OpType));
    }

    private static NodeProto Node(string text)
    {
        var words = text.Split(' ');
        var node = new NodeProto { OpType = words[0], Name = $"{words[0]}{words[^1]}", Input = { words[1..^1] }, Output = { words[^1] } };
        if (words[0] == "Cast")
            node.Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
        return node;
    }

    private static ModelProto Model(params NodeProto[] nodes) => new()
    {
        IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } },
        Graph = new GraphProto
        {
            Name = "m", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 4) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 4) }, Node = { nodes },
            Initializer = { TensorData.Create("constant", [100f], 1), TensorData.Create("w", [.. Enumerable.Range(0, 16).Select(i => i % 5 / 5f - 0.4f)], 4, 4) },
        },
    };

    /// <summary>x·w where the mean of the batch of one is above 100, else x·v.</summary>
    private static ModelProto Branching()
    {
        var mean = Node("ReduceMean x mean");
        mean.Attribute.Add(new AttributeProto { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 });
        var model = Model(mean, Node("Greater mean constant above"), new NodeProto
        {
            OpType = "If", Name = "if", Input = { "above" }, Output = { "y" },
            Attribute =
            {
                new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = Branch("w", "a") },
                new AttributeProto { Name = "else_branch", Type = AttributeProto.Types.AttributeType.Graph, G = Branch("v", "b") },
            },
        });
        model.Graph.Initializer.Add(TensorData.Create("v", [.. Enumerable.Range(0, 16).Select(i => i % 3 / 3f - 0.4f)], 4, 4));
        return model;

        static GraphProto Branch(string weights, string output) => new()
        {
            Name = output, Node = { new NodeProto { OpType = "MatMul", Name = $"{output}_node", Input = { "x", weights }, Output = { output } } },
            Output = { ValueInfo.Create(output, ElementType.Float32, "N", 4) },
        };
    }
}
