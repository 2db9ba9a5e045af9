using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Conformance;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>One node on tensors of any type, in ONNX Runtime and in the executor.</summary>
/// <param name="opset">The version of ONNX's operator set.</param>
/// <param name="op">The operator, behind its domain and a dot where that is another one than ONNX's.</param>
/// <param name="attributes">Its attributes.</param>
internal sealed class NodeCase(int opset, string op, params (string Name, object Value)[] attributes)
{
    private readonly List<TensorProto?> inputs = [];
    private int outputs = 1;

    public NodeCase Input(ElementType type, long[] shape, params double[] values)
    {
        using var scope = torch.NewDisposeScope();
        var tensor = torch.tensor(values, shape).to(TorchTypes.Of(type)!.Value);
        inputs.Add(TensorData.Create($"x{inputs.Count}", type, tensor.bytes, shape));
        return this;
    }

    public NodeCase Floats(params long[] shape)
    {
        var count = (int)shape.Aggregate(1L, (product, size) => product * size);
        return Input(ElementType.Float32, shape, [.. Numbers.Uniform(inputs.Count + 1, count, -3, 3).Select(value => (double)value)]);
    }

    public NodeCase Longs(params long[] values)
    {
        inputs.Add(TensorData.Create($"x{inputs.Count}", values, values.Length));
        return this;
    }

    /// <summary>Adds tensors; <c>null</c> is left out.</summary>
    public NodeCase Inputs(params TensorProto?[] tensors)
    {
        foreach (var tensor in tensors)
        {
            inputs.Add(tensor?.Clone());
            if (tensor is not null)
                inputs[^1]!.Name = $"x{inputs.Count - 1}";
        }
        return this;
    }

    public NodeCase LeftOut()
    {
        inputs.Add(null);
        return this;
    }

    public NodeCase Outputs(int count)
    {
        outputs = count;
        return this;
    }

    /// <summary>
    /// Requires ONNX Runtime's types, shapes and values, whether the inputs after the first are computed or in the file, and gradients
    /// equal to central differences.
    /// </summary>
    public void RequireParity(double tolerance = 0)
    {
        var model = Model(fromFile: 0);
        var expected = OnnxRuntime(model);
        using var scope = torch.NewDisposeScope();
        using (torch.no_grad())
        {
            RequireEqual(expected, Execute(model, Given), tolerance);
            RequireEqual(expected, Execute(Model(fromFile: inputs.Count - 1), [.. Given.Take(1)]), tolerance);
        }
        var test = new ConformanceCase(op, model.Proto.Graph, opset, [([.. Given], [])]);
        Assert.Null(GradientCheck.FindDifference(test, out _));
    }

    /// <summary>Compiles the node without running it.</summary>
    public void Compile() => Compile(Model(fromFile: inputs.Count - 1));

    /// <summary>Runs the node in the executor alone.</summary>
    public torch.Tensor Execute() => Execute(Model(fromFile: 0), Given)[0];

    /// <summary>The derivative of the first output's sum by each element of the first input, which is float64.</summary>
    public double[] Gradient()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor[] tensors = [.. Given.Select(input => input.ToTensor(torch.CPU))];
        tensors[0].requires_grad_();
        var program = Compile(Model(fromFile: 0));
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        program.Run(weights, tensors, training: true)[0].sum().backward();
        return tensors[0].grad!.Values<double>();
    }

    private IEnumerable<TensorProto> Given => inputs.OfType<TensorProto>();

    private OnnxModel Model(int fromFile)
    {
        var graph = new GraphProto { Name = "test" };
        var dot = op.LastIndexOf('.');
        var node = new NodeProto { OpType = op[(dot + 1)..], Domain = dot < 0 ? "" : op[..dot], Name = "node", Input = { inputs.Select(input => input?.Name ?? "") } };
        node.Attribute.AddRange(attributes.Select(attribute => NodeModel.Attribute(attribute.Name, attribute.Value)));
        graph.Node.Add(node);
        for (var i = 0; i < inputs.Count; i++)
        {
            if (inputs[i] is not { } input)
                continue;
            if (i >= inputs.Count - fromFile)
                graph.Initializer.Add(input);
            else
                graph.Input.Add(Declare(input.Name, input.DataType));
        }
        for (var i = 0; i < outputs; i++)
        {
            node.Output.Add($"y{i}");
            graph.Output.Add(new ValueInfoProto { Name = $"y{i}" });
        }
        var model = new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = opset } }, Graph = graph };
        if (dot >= 0)
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = node.Domain, Version = 1 });
        return OnnxModel.FromProto(model);
    }

    private TensorProto[] OnnxRuntime(OnnxModel model)
    {
        var proto = model.Proto.Clone();
        using var session = Oracle.Session(OnnxModel.FromProto(proto));
        OrtValue[] values = [.. Given.Select(Feed)];
        using var results = session.Run(new RunOptions(), session.InputNames, values, session.OutputNames);
        TensorProto[] found = [.. results.Select(Take)];
        for (var i = 0; i < found.Length; i++)
            model.Proto.Graph.Output[i] = Declare($"y{i}", found[i].DataType);
        Array.ForEach(values, value => value.Dispose());
        return found;

        static OrtValue Feed(TensorProto tensor)
        {
            var value = OrtValue.CreateAllocatedTensorValue(
                OrtAllocator.DefaultInstance, (TensorElementType)tensor.DataType, [.. tensor.Dims]);
            tensor.RawBytes().CopyTo(value.GetTensorMutableRawData());
            return value;
        }

        static TensorProto Take(OrtValue value)
        {
            var info = value.GetTensorTypeAndShape();
            TensorTypes.TryElementType((int)info.ElementDataType, out var type);
            return TensorData.Create("y", type, value.GetTensorMutableRawData(), info.Shape);
        }
    }

    private GraphProgram Compile(OnnxModel model) =>
        GraphCompiler.Compile(model.Proto.Graph, opset, [.. Enumerable.Range(0, outputs).Select(i => $"y{i}")]);

    private torch.Tensor[] Execute(OnnxModel model, IEnumerable<TensorProto> given)
    {
        var program = Compile(model);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        return program.Run(weights, [.. given.Select(input => input.ToTensor(torch.CPU))], training: false);
    }

    private static void RequireEqual(TensorProto[] expected, torch.Tensor[] actual, double tolerance)
    {
        foreach (var (wanted, found) in expected.Select(tensor => tensor.ToTensor(torch.CPU)).Zip(actual))
        {
            Assert.Equal(wanted.dtype, found.dtype);
            Assert.Equal(wanted.shape, found.shape);
            Near.Equal(Values(wanted), Values(found), tolerance);
        }
    }

    private static double[] Values(torch.Tensor tensor) => tensor.to(torch.float64).contiguous().Values<double>();

    private static ValueInfoProto Declare(string name, int type) =>
        new() { Name = name, Type = new() { TensorType = new() { ElemType = type } } };
}
