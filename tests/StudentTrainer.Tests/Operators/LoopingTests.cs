using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Conformance;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Repeated graphs, in ONNX Runtime and here; gradients by differences; and that what cannot be known before is refused.</summary>
public class LoopingTests
{
    private const int Size = 3;

    private static readonly float[] Samples = Numbers.Uniform(1, 2 * Size, -1, 1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Loop_OfKnownPasses_EqualsOnnxRuntimeAndLearnsItsWeights(bool isInside)
    {
        var model = LoopModel(isInside);

        Oracle.RequireParity(model, Samples, [2, Size]);
        RequireGradients(model);
        var learned = Programs.Compile(model).Plan.Where(weight => weight.Role == WeightRole.Parameter).Select(weight => weight.Name).Order();
        Assert.Equal(["b", "w"], learned);
    }

    [Fact]
    public void Loop_WhosePassesAreALength_EqualsOnnxRuntime()
    {
        var model = LoopModel(isInside: true, passes: graph =>
        {
            graph.Node.Insert(0, Node("Shape", "x", "shape"));
            graph.Node.Insert(1, Node("Gather", "shape one", "m"));
            graph.Initializer.Add(TensorData.Create("one", [1L]));
        });
        Oracle.RequireParity(model, Samples, [2, Size]);
    }

    [Fact]
    public void Loop_KeepsWhatEachPassGives()
    {
        var model = LoopModel(isInside: true, output: "kept");
        Oracle.RequireParity(model, Samples, [2, Size]);
    }

    [Fact]
    public void Loop_OfWeightsInside_IsWrittenBackInside()
    {
        var model = LoopModel(isInside: true);
        var student = StudentGraph.Import(model, new() { Initialisation = Initialisation.Fresh, Seed = 3 });
        var program = student.Compile("y");
        using var weights = WeightSet.Load(program.Plan, TorchSharp.torch.CPU, trainable: false);
        var written = StudentExport.WriteBack(student, weights);

        var body = written.Proto.Graph.Node.First(node => node.OpType == "Loop").Attribute[0].G;
        var trained = program.Plan.Index().First(entry => entry.Item.Name == "w");
        Assert.Equal(weights[trained.Index].data<float>().ToArray(), body.Initializer.First(tensor => tensor.Name == "w").ToFloats());
        Assert.NotEqual(model.Proto.Graph.Node.First(node => node.OpType == "Loop").Attribute[0].G, body);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Scan_OfWeightsInside_EqualsOnnxRuntime(bool isTurned, bool ofLastAxis)
    {
        var model = ScanModel(isTurned, ofLastAxis);
        Oracle.RequireParity(model, Numbers.Uniform(2, 4 * 2 * Size, -1, 1), ofLastAxis ? [2, Size, 4] : [4, 2, Size]);
        RequireGradients(model, ofLastAxis ? [2, Size, 4] : [4, 2, Size]);
        Assert.Contains(Programs.Compile(model).Plan, weight => weight is { Name: "w", Role: WeightRole.Parameter });
    }

    [Fact]
    public void Loop_WhosePassesDependOnSamples_IsRefused()
    {
        var error = Refused(LoopModel(isInside: true, passes: graph =>
        {
            graph.Node.Insert(0, Node("ReduceSum", "x", "sum", ("keepdims", 0)));
            graph.Node.Insert(1, Node("Cast", "sum", "m", ("to", 7)));
        }));
        Assert.Contains("node 'loop' (Loop)", error);
        Assert.Contains("it depends on the samples", error);
    }

    [Theory]
    [InlineData(10_001)]
    [InlineData(long.MaxValue)]
    public void Loop_OfMorePassesThanAreRun_IsRefused(long passes)
    {
        var model = LoopModel(isInside: true, passes: graph => graph.Initializer.Add(TensorData.Create("m", [passes])));

        var error = Assert.Throws<InputException>(() => Oracle.Executor(model, Samples, 2, Size)).Message;

        Assert.Contains("node 'loop' (Loop)", error);
        Assert.Contains($"it asks for {passes} passes, and at most 10000 are run", error);
    }

    [Fact]
    public void Loop_ThatAConditionCanEnd_IsRefused()
    {
        var error = Refused(LoopModel(isInside: true, edit: body =>
        {
            body.Node.Insert(0, Node("ReduceSum", "h", "total", ("keepdims", 0)));
            body.Node.Insert(1, Node("Less", "total limit", "goes"));
            body.Initializer.Add(TensorData.Create("limit", [10f]));
            body.Node.Remove(body.Node.First(node => node.Output[0] == "on"));
            body.Output[0].Name = "goes";
        }));
        Assert.Contains("a condition that depends on the samples can end it", error);
    }

    private static string Refused(OnnxModel model) => Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model)).Message;

    private static void RequireGradients(OnnxModel model, params long[] shape)
    {
        shape = shape.Length == 0 ? [2, Size] : shape;
        var graph = model.Proto.Graph.Clone();
        List<TensorProto> given = [TensorData.Create("x", Numbers.Uniform(3, (int)shape.Aggregate(1L, (product, size) => product * size), -1, 1), shape)];
        // Weights of the graph are inputs here, so that they are checked too.
        foreach (var weight in graph.Initializer.Where(tensor => tensor is { DataType: 1, Dims.Count: > 0 }).ToArray())
        {
            graph.Initializer.Remove(weight);
            graph.Input.Add(ValueInfo.Create(weight.Name, ElementType.Float32, [.. weight.Dims.Select(size => new Dim(size))]));
            given.Add(weight);
        }

        Assert.Null(GradientCheck.FindDifference(new("loop", graph, 17, [([.. given], [])]), out var isTestable));
        Assert.True(isTestable);
    }

    /// <summary>h ← tanh(h·w + b + x), so many times; then y = h·o.</summary>
    private static OnnxModel LoopModel(bool isInside, string output = "y", Action<GraphProto>? passes = null, Action<GraphProto>? edit = null)
    {
        TensorProto[] weights = [TensorData.Create("w", Numbers.Uniform(4, Size * Size, -1, 1), Size, Size), TensorData.Create("b", Numbers.Uniform(5, Size, -1, 1), Size)];
        var body = new GraphProto
        {
            Name = "body",
            Input = { ValueInfo.Create("i", ElementType.Int64), ValueInfo.Create("go", ElementType.Bool), ValueInfo.Create("h", ElementType.Float32, 2, Size) },
            Node =
            {
                Node("Identity", "go", "on"), Node("MatMul", "h w", "product"), Node("Add", "product b", "shifted"), Node("Add", "shifted x", "fed"), Node("Tanh", "fed", "next"),
                Node("Neg", "next", "each"),
            },
            Output = { ValueInfo.Create("on", ElementType.Bool), ValueInfo.Create("next", ElementType.Float32, 2, Size), ValueInfo.Create("each", ElementType.Float32, 2, Size) },
        };
        var loop = Node("Loop", "m  x", "last kept");
        loop.Name = "loop";
        loop.Input.Clear();
        loop.Input.AddRange(["m", "", "x"]);
        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeType.Graph, G = body });
        var graph = new GraphProto
        {
            Name = "test", Input = { ValueInfo.Create("x", ElementType.Float32, 2, Size) }, Node = { loop, Node("Neg", "last", "y") },
            Output = { ValueInfo.Create(output, ElementType.Float32) },
        };
        graph.Output[0].Type.TensorType.Shape = null;
        (isInside ? body : graph).Initializer.AddRange(weights);
        if (passes is null)
            graph.Initializer.Add(TensorData.Create("m", [3L]));
        passes?.Invoke(graph);
        edit?.Invoke(body);
        return Model(graph);
    }

    /// <summary>h ← tanh(h·w + x at each step); what is kept of each step is added to the last state.</summary>
    private static OnnxModel ScanModel(bool isTurned, bool ofLastAxis)
    {
        var body = new GraphProto
        {
            Name = "body",
            Input = { ValueInfo.Create("h", ElementType.Float32, 2, Size), ValueInfo.Create("step", ElementType.Float32, 2, Size) },
            Initializer = { TensorData.Create("w", Numbers.Uniform(4, Size * Size, -1, 1), Size, Size) },
            Node = { Node("MatMul", "h w", "product"), Node("Add", "product step", "fed"), Node("Tanh", "fed", "next"), Node("Neg", "next", "each") },
            Output = { ValueInfo.Create("next", ElementType.Float32, 2, Size), ValueInfo.Create("each", ElementType.Float32, 2, Size) },
        };
        var axis = ofLastAxis ? 2 : 0;
        var scan = Node(
            "Scan", "first x", "last kept", ("num_scan_inputs", 1), ("scan_input_axes", new[] { axis }), ("scan_output_axes", new[] { axis }),
            ("scan_input_directions", new[] { isTurned ? 1 : 0 }), ("scan_output_directions", new[] { isTurned ? 1 : 0 }));
        scan.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeType.Graph, G = body });
        var graph = new GraphProto
        {
            Name = "test",
            Input = { ofLastAxis ? ValueInfo.Create("x", ElementType.Float32, 2, Size, 4) : ValueInfo.Create("x", ElementType.Float32, 4, 2, Size) },
            Initializer = { TensorData.Create("first", Numbers.Uniform(6, 2 * Size, -1, 1), 2, Size), TensorData.Create("at", [(long)axis], 1) },
            Node = { scan, Node("ReduceSum", "kept at", "sum", ("keepdims", 0)), Node("Add", "sum last", "y") },
            Output = { ValueInfo.Create("y", ElementType.Float32, 2, Size) },
        };
        return Model(graph);
    }

    private static OnnxModel Model(GraphProto graph) =>
        OnnxModel.FromProto(new() { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } }, Graph = graph });

    private static NodeProto Node(string op, string inputs, string outputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = op, Name = outputs.Split(' ')[0] + "_node", Input = { inputs.Split(' ') }, Output = { outputs.Split(' ') } };
        node.Attribute.AddRange(attributes.Select(attribute => NodeModel.Attribute(attribute.Name, attribute.Value)));
        return node;
    }
}
