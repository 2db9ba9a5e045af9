using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Tensors that an exporter merged because they were equal; and those that are one on purpose.</summary>
public class SharedTensorsTests
{
    private const int Channels = 3;

    private static readonly float[] Ones = [1, 1, 1];
    private static readonly float[] Zeros = [0, 0, 0];

    public static TheoryData<string> Merged => [.. Models.Keys];

    private static Dictionary<string, Func<NodeModel>> Models { get; } = new()
    {
        ["aliases, as PyTorch writes them"] = () => Start().Floats("ones", Ones, Channels).Floats("zeros", Zeros, Channels)
            .Node("Identity", "ones", "v1").Node("Identity", "zeros", "m1").Node("Identity", "ones", "s2").Node("Identity", "zeros", "b2")
            .Node("Identity", "zeros", "m2").Node("Identity", "ones", "v2")
            .Node("BatchNormalization", "a ones zeros m1 v1", "n").Node("Conv", "n k2 b2", "c")
            .Node("BatchNormalization", "c s2 zeros m2 v2", "d"),
        ["an alias of a Constant"] = () => Start().Constant("ones", TensorData.Create("", Ones, Channels)).Floats("b", Zeros, Channels)
            .Floats("m", Zeros, Channels).Node("Identity", "ones", "v")
            .Node("BatchNormalization", "a v b m ones", "n").Node("Conv", "n k2", "d"),
        ["one name in every role"] = () => Start().Floats("ones", Ones, Channels).Floats("zeros", Zeros, Channels)
            .Node("BatchNormalization", "a ones zeros zeros ones", "n").Node("Conv", "n k2 zeros", "c")
            .Node("BatchNormalization", "c ones zeros zeros ones", "d"),
        ["statistics of two layers"] = () => Start().Floats("s1", Ones, Channels).Floats("s2", Ones, Channels).Floats("b1", Zeros, Channels)
            .Floats("b2", Zeros, Channels).Floats("m", Zeros, Channels).Floats("v", Ones, Channels)
            .Node("BatchNormalization", "a s1 b1 m v", "n").Node("Conv", "n k2", "c").Node("BatchNormalization", "c s2 b2 m v", "d"),
    };

    /// <summary>Every layer learns vectors of its own, although the file has two; ONNX Runtime gives what the trainer gives.</summary>
    [Theory]
    [MemberData(nameof(Merged))]
    public void Export_OfMergedTensors_SeparatesThem(string name)
    {
        var model = End(Models[name]());
        Assert.Equal(model.ToBytes(), Exports.WithoutTraining(model).ToBytes());

        using var scope = NewDisposeScope();
        var images = Numbers.Uniform(1, 8 * 2 * 16);
        using var student = new Distillation(model, StudentImport.Default, tensor(images, [8, 2, 4, 4]), rand(8, 4), learningRate: 0.05);
        student.Train(5, 8);
        var shipped = student.Export();
        foreach (var layer in shipped.Proto.Graph.Node.Where(node => node.OpType == "BatchNormalization"))
        {
            var vectors = layer.Input.Skip(1).Select(input => Values(shipped, input)).ToList();
            Assert.Equal(4, vectors.Distinct().Count());
            Assert.DoesNotContain(string.Join(' ', Ones), vectors);
            Assert.DoesNotContain(string.Join(' ', Zeros), vectors);
        }
        var (expected, _) = Oracle.OnnxRuntime(shipped, images, 8, 2, 4, 4);
        Near.Equal(expected, student.Output(tensor(images, [8, 2, 4, 4])), 1e-4, name);
    }

    [Fact]
    public void Export_OfMergedTensorsInAnOldFile_ListsTheNewOnesAsInputs()
    {
        var model = End(Models["one name in every role"]());
        model.Proto.IrVersion = 3;
        model.Proto.OpsetImport[0].Version = 9;
        foreach (var tensor in model.Proto.Graph.Initializer)
            model.Proto.Graph.Input.Add(ValueInfo.Create(tensor.Name, ElementType.Float32, [.. tensor.Dims.Select(size => new Dim(size))]));
        var random = new Random(1);
        var trained = Exports.After(model, (_, tensor) => tensor.add_(random.NextDouble()));
        Assert.Equal(
            trained.Proto.Graph.Initializer.Select(tensor => tensor.Name).Order(),
            trained.Proto.Graph.Input.Skip(1).Select(input => input.Name).Order());
        Oracle.RequireParity(trained, Numbers.Uniform(1, 2 * 2 * 16), [2, 2, 4, 4], 1e-4);
    }

    /// <summary>Zeros that two layers add, as exporters of products over three axes write biases that nobody has trained yet.</summary>
    [Theory]
    [InlineData("w1", "w2")]
    [InlineData("t1", "t2")]
    public void Export_OfMergedBiasesWrittenAsAdd_SeparatesThem(string first, string second)
    {
        var model = Products(first, second);

        var trained = Exports.After(model, (name, tensor) => tensor.add_(0.1 * name.Length));

        string[] biases = [.. trained.Proto.Graph.Node.Where(node => node.OpType == "Add").Select(node => node.Input[1])];
        Assert.Equal(2, biases.Select(name => Values(trained, name)).Distinct().Count());
        Oracle.RequireParity(trained, Numbers.Uniform(1, 6), [2, 3], 1e-4);
    }

    [Fact]
    public void Import_OfProductThatIsUsedTwice_KeepsItsBias()
    {
        var trained = Exports.After(Products("t1", "t1"), (_, tensor) => tensor.add_(0.5));
        Assert.Single(trained.Proto.Graph.Node.Where(node => node.OpType == "Add").Select(node => node.Input[1]).Distinct());
    }

    private static OnnxModel Products(string first, string second) => new NodeModel(17, "N", 3)
        .Floats("w1", Numbers.Uniform(1, 9), 3, 3).Floats("w2", Numbers.Uniform(2, 9), 3, 3).Floats("zeros", Zeros, 3).Node("Transpose", "w1", "t1").Node("Transpose", "w2", "t2")
        .Node("MatMul", $"x {first}", "a").Node("Add", "a zeros", "b").Node("Tanh", "b", "c").Node("MatMul", $"c {second}", "d").Node("Add", "d zeros", "y").Build();

    /// <summary>A layer that is used twice, with its normalisation, is one layer.</summary>
    [Fact]
    public void Import_OfLayerThatIsUsedTwice_KeepsItWhole()
    {
        var model = End(Start().Floats("s", Ones, Channels).Floats("b", Zeros, Channels).Floats("m", Zeros, Channels)
            .Floats("v", Ones, Channels).Floats("kb", Zeros, Channels)
            .Node("Conv", "a k2 kb", "c").Node("BatchNormalization", "c s b m v", "n")
            .Node("Conv", "n k2 kb", "e").Node("BatchNormalization", "e s b m v", "d"));
        var trained = Exports.After(model, (_, tensor) => tensor.add_(0.5));
        Assert.Equal(
            model.Proto.Graph.Initializer.Select(tensor => tensor.Name), trained.Proto.Graph.Initializer.Select(tensor => tensor.Name));
        Assert.Equal(model.Proto.Graph.Node, trained.Proto.Graph.Node);
    }

    /// <summary>An embedding that is, transposed, the last matrix too: through Identity, as PyTorch writes it, or by name.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Training_OfTiedMatrix_GivesOneGradientAndOneTensor(bool alias)
    {
        var model = new NodeModel(17, "N", 5).Floats("e", Numbers.Uniform(1, 5 * 4), 5, 4).Integers("ids", 3, 1, 2);
        if (alias)
            model.Node("Identity", "e", "tied");
        var built = model.Node("Gather", "e ids", "rows").Node("ReduceMean", "rows", "mean", ("axes", (int[])[0]), ("keepdims", 0))
            .Node("Transpose", alias ? "tied" : "e", "t").Node("MatMul", "x e", "h").Node("Add", "h mean", "s")
            .Node("MatMul", "s t", "y").Build();

        using var scope = NewDisposeScope();
        using var student = new Distillation(built, StudentImport.Default, tensor(Numbers.Uniform(2, 40), [8, 5]), rand(8, 5));
        Assert.Equal(["e"], student.Weights.Parameters.Select(parameter => parameter.Weight.Name));
        Assert.Empty(student.WithoutGradient(8));
        student.Train(3, 8);

        var shipped = student.Export();
        var expected = built.Proto.Clone();
        expected.Graph.Initializer[0].SetFloats(shipped.Proto.Graph.Initializer[0].ToFloats());
        Assert.Equal(expected, shipped.Proto);
        Assert.NotEqual(built.Digest, shipped.Digest);
        var (values, _) = Oracle.OnnxRuntime(shipped, Numbers.Uniform(3, 10), 2, 5);
        Near.Equal(values, student.Output(tensor(Numbers.Uniform(3, 10), [2, 5])), 1e-5);
    }

    private static NodeModel Start() => new NodeModel(13, "N", 2, 4, 4)
        .Floats("k1", Numbers.Uniform(1, Channels * 2 * 9), Channels, 2, 3, 3)
        .Floats("k2", Numbers.Uniform(2, Channels * Channels), Channels, Channels, 1, 1).Node("Conv", "x k1", "a");

    /// <summary>Takes <c>d</c> to four logits.</summary>
    private static OnnxModel End(NodeModel model) => model.Floats("w", Numbers.Uniform(3, Channels * 4), Channels, 4)
        .Node("GlobalAveragePool", "d", "p").Node("Flatten", "p", "f").Node("MatMul", "f w", "y").Build();

    private static string Values(OnnxModel model, string name) =>
        string.Join(' ', StudentTrainer.Graph.ModelTensors.Find(model.Proto.Graph, name).ToFloats());
}
