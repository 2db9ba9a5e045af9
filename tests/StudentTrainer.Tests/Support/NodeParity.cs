using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>One node with inputs of any types, in ONNX Runtime and in the executor.</summary>
internal sealed class NodeParity
{
    private readonly ModelProto model;
    private readonly TensorProto?[] inputs;

    /// <param name="op">The operator.</param>
    /// <param name="opset">The version of the operator set.</param>
    /// <param name="inputs">The inputs; <c>null</c> for one that is left out.</param>
    /// <param name="attributes">The attributes.</param>
    /// <param name="outputs">How many outputs the node has.</param>
    public NodeParity(string op, int opset, TensorProto?[] inputs, (string, object)[]? attributes = null, int outputs = 1)
    {
        this.inputs = [.. inputs.Select((input, i) => Named(input, $"x{i}"))];
        var node = new NodeProto
        {
            OpType = op,
            Name = "node",
            Input = { this.inputs.Select(input => input?.Name ?? "") },
            Output = { Outputs(outputs) },
            Attribute = { (attributes ?? []).Select(attribute => NodeModel.Attribute(attribute.Item1, attribute.Item2)) },
        };
        model = new()
        {
            IrVersion = 8,
            OpsetImport = { new OperatorSetIdProto { Version = opset } },
            Graph = new()
            {
                Name = "test",
                Node = { node },
                Output = { Outputs(outputs).Select(name => new ValueInfoProto { Name = name }) },
            },
        };
    }

    /// <summary>Requires equal types, shapes and values, with inputs that are computed and with all but the first in the file.</summary>
    public static void Require(
        string op, int opset, TensorProto?[] inputs, (string, object)[]? attributes = null, int outputs = 1, double tolerance = 1e-5)
    {
        var node = new NodeParity(op, opset, inputs, attributes, outputs);
        using var scope = NewDisposeScope();
        var expected = node.OnnxRuntime();
        foreach (var stored in (bool[])[false, true])
        {
            var actual = node.Executor(stored);
            for (var i = 0; i < outputs; i++)
                RequireEqual(expected[i], actual[i], tolerance, $"output {i} of {op}-{opset}");
        }
    }

    /// <summary>What the executor makes of it, in evaluation mode.</summary>
    /// <param name="stored">Whether all inputs but the first are tensors of the file.</param>
    public Tensor[] Executor(bool stored = false)
    {
        using var grad = no_grad();
        return Run(stored, input => input);
    }

    /// <summary>The derivative of the first output's sum by each element of the first input, which is float64.</summary>
    public double[] Gradient()
    {
        using var scope = NewDisposeScope();
        Tensor? first = null;
        Run(stored: false, input => first is null ? first = input.requires_grad_() : input)[0].sum().backward();
        return first!.grad!.data<double>().ToArray();
    }

    private Tensor[] Run(bool stored, Func<Tensor, Tensor> prepare)
    {
        var graph = model.Graph.Clone();
        var given = inputs.Where((input, i) => input is not null && !(stored && i > 0)).ToArray();
        graph.Initializer.AddRange(inputs.Except(given).Where(input => input is not null));
        graph.Input.AddRange(given.Select(input => ValueInfo.Create(input!.Name, input.ElementTypeOf())));
        var program = GraphCompiler.Compile(graph, (int)model.OpsetImport[0].Version, Outputs(graph.Output.Count));
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        return program.Run(weights, Array.ConvertAll(given, input => prepare(input!.ToTensor(CPU))), training: is_grad_enabled());
    }

    private Tensor[] OnnxRuntime()
    {
        var whole = model.Clone();
        whole.Graph.Initializer.AddRange(inputs.OfType<TensorProto>());
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL };
        using var session = new InferenceSession(whole.ToByteArray(), options);
        using var run = new RunOptions();
        using var results = session.Run(run, new Dictionary<string, OrtValue>(), session.OutputNames);
        return [.. results.Select(ToTensor)];
    }

    private static Tensor ToTensor(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        Assert.True(TensorTypes.TryElementType((int)info.ElementDataType, out var type));
        return TensorData.Create("", type, value.GetTensorMutableRawData(), info.Shape).ToTensor(CPU);
    }

    private static void RequireEqual(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.Equal(expected.shape, actual.shape);
        Near.Equal(Values(expected), Values(actual), tolerance, what);
    }

    private static double[] Values(Tensor tensor) => tensor.to(float64).contiguous().data<double>().ToArray();

    private static IReadOnlyList<string> Outputs(int count) => [.. Enumerable.Range(0, count).Select(i => $"y{i}")];

    private static TensorProto? Named(TensorProto? tensor, string name)
    {
        var named = tensor?.Clone();
        if (named is not null)
            named.Name = name;
        return named;
    }
}
