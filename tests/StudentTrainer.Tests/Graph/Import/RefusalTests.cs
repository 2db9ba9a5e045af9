using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Loop;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Students that cannot be trained: the error names the place, and comes before anything is written.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    public static TheoryData<string> Unsupported => [.. Broken.Keys];

    private static Dictionary<string, (Func<OnnxModel> Build, string[] Says)> Broken { get; } = new()
    {
        ["operators"] = (
            () => Start().Node("Hardmax", "z", "a").Node("Det", "a", "y").Build(),
            ["Hardmax (version 17, node 'a_node'", "Det (version 17, node 'y_node'"]),
        ["another domain"] = (CustomDomain, ["com.example.Magic", "y_node"]),
        ["a version"] = (() => Start(13).Node("HardSwish", "z", "y").Build(), ["HardSwish (version 13, node 'y_node'"]),
        ["an attribute"] = (() => Start().Node("Relu", "z", "y", ("slope", 1)).Build(), ["'slope'", "y_node"]),
        ["several nodes"] = (
            () => Start().Node("Relu", "z", "a", ("slope", 1)).Node("Elu", "a", "y", ("beta", 1)).Build(), ["a_node", "y_node"]),
        ["an element type"] = (
            () => Start().Tensor(TensorData.Create("codes", ElementType.UInt16, new byte[6], 3)).Node("Cast", "codes", "c", ("to", 1))
                .Node("Add", "z c", "y").Build(),
            ["UINT16", "'codes'", "c_node"]),
        ["inputs"] = (TwoInputs, ["'x', 'second'"]),
        ["an operator set"] = (
            () => Start(OperatorTable.NewestOpset + 1).Node("Relu", "z", "y").Build(),
            [$"operator set {OperatorTable.NewestOpset + 1}", $"at most {OperatorTable.NewestOpset}"]),
        ["a batch size"] = (
            () => new NodeModel(17, 1, 4, 4).Floats("w", new float[48], 16, 3).Floats("a", [1, 1], 2, 1).Integers("flat", 1, 16)
                .Node("Reshape", "x flat", "f").Node("MatMul", "a f", "mixed").Node("MatMul", "mixed w", "y").Build(),
            ["mixed_node", "batch size"]),
        ["a weight without gradient"] = (
            () => Start().Floats("idle", new float[48], 16, 3).Node("MatMul", "f idle", "i").Node("Shape", "i", "s")
                .Node("Reshape", "z s", "y").Build(),
            ["'idle' at node 'i_node' (MatMul)"]),
    };

    public static TheoryData<string, string, Action<GraphProto>> Invalid => new()
    {
        { "'b_node'", "without a cycle", graph => graph.Node[^2].Input[0] = "y" },
        { "'y_node'", "does not exist", graph => graph.Node[^1].Input[0] = "nowhere" },
        { "'y_node'", "used twice", graph => graph.Node[^1].Output.Add("b") },
        { "initializer", "used twice", graph => graph.Initializer.Add(graph.Initializer[0].Clone()) },
    };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public void Train_OfStudentThatCannotBeTrained_NamesThePlace(string what)
    {
        var (build, says) = Broken[what];
        var error = Assert.Throws<UnsupportedModelException>(() => Train(build()));
        Assert.All(says, part => Assert.Contains(part, error.Message));
        Assert.False(Directory.Exists(toy.Folder("run")));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Load_OfGraphThatBreaksTheSpecification_NamesThePlace(string where, string what, Action<GraphProto> breakIt)
    {
        var proto = Start().Node("Relu", "z", "b").Node("Relu", "b", "y").Build().Proto;
        breakIt(proto.Graph);
        var error = Assert.Throws<InputException>(() => OnnxModel.FromProto(proto));
        Assert.Contains(where, error.Message);
        Assert.Contains(what, error.Message);
    }

    [Theory]
    [InlineData("include", "hedd*")]
    [InlineData("exclude", "hedd*")]
    public void Train_OfPatternThatMatchesNothing_ListsTheNames(string key, string pattern)
    {
        var import = new StudentImport { Parameters = key == "include" ? new([pattern], []) : new([], [pattern]) };
        var error = Assert.Throws<InputException>(() => Train(Start().Node("Relu", "z", "y").Build(), import));
        Assert.Contains($"student.parameters.{key}", error.Message);
        Assert.Contains($"'{pattern}'", error.Message);
        Assert.Contains("head", error.Message);
    }

    [Fact]
    public void Train_OfOutputThatIsNotThere_ListsTheOutputs()
    {
        var error = Assert.Throws<InputException>(() => Train(Start().Node("Relu", "z", "y").Build(), new() { Output = "logits" }));
        Assert.Contains("'logits'", error.Message);
        Assert.Contains("(y)", error.Message);
    }

    [Fact]
    public void Train_OfSamplesThatDoNotFit_SaysBothShapes()
    {
        var student = new NodeModel(17, "N", 5, 4).Floats("head", new float[60], 20, 3)
            .Node("Flatten", "x", "f").Node("MatMul", "f head", "y").Build();
        var error = Assert.Throws<InputException>(() => Train(student));
        Assert.Contains("[4, 4]", error.Message);
        Assert.Contains("[5, 4]", error.Message);
    }

    private void Train(OnnxModel student, StudentImport? import = null) => OneStudent.Train(
        student, import ?? StudentImport.Default, toy.Data, Toy.Soft, Toy.Options, toy.Folder("run"), null, default);

    /// <summary>Leads the toy's images to logits <c>z</c>.</summary>
    private static NodeModel Start(int opset = 17) => new NodeModel(opset, "N", 4, 4).Floats("head", new float[48], 16, 3)
        .Node("Flatten", "x", "f").Node("MatMul", "f head", "z");

    private static OnnxModel CustomDomain()
    {
        var proto = Start().Node("Magic", "z", "y").Build().Proto;
        proto.Graph.Node[^1].Domain = "com.example";
        proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.example", Version = 1 });
        return OnnxModel.FromProto(proto);
    }

    private static OnnxModel TwoInputs()
    {
        var proto = Start().Node("Relu", "z", "y").Build().Proto;
        proto.Graph.Input.Add(ValueInfo.Create("second", ElementType.Float32, "N"));
        return OnnxModel.FromProto(proto);
    }
}
