using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using static Onnx.TensorProto.Types;

namespace OnnxKd.StudentTrainer.Conformance;

/// <summary>One of ONNX's tests: a model, and inputs with the outputs that it must give.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Graph">The model's graph.</param>
/// <param name="Version">The version of its operator set.</param>
/// <param name="DataSets">Inputs and expected outputs, in the graph's order.</param>
internal sealed record ConformanceCase(
    string Name, GraphProto Graph, int Version, IReadOnlyList<(TensorProto[] Inputs, TensorProto[] Outputs)> DataSets)
{
    /// <summary>Names of the outputs.</summary>
    public IReadOnlyList<string> Outputs => [.. Graph.Output.Select(output => output.Name)];

    /// <summary>Reads a test, or says why it does not count.</summary>
    /// <param name="folder">The test's folder.</param>
    /// <param name="outOfScope">The reason; <c>null</c> if the test counts.</param>
    public static ConformanceCase? Load(string folder, out string? outOfScope)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(folder, "model.onnx")));
        outOfScope = OutOfScope(model);
        if (outOfScope is not null)
            return null;
        var version = (int)(model.OwnVersion() ?? 1);
        var sets = Directory.GetDirectories(folder, "test_data_set_*").Order(StringComparer.Ordinal)
            .Select(set => (Read(set, "input", model.Graph.Input), Read(set, "output", model.Graph.Output))).ToList();
        return new(Path.GetFileName(folder), model.Graph, version, sets);
    }

    /// <summary>Compiles the graph as it is.</summary>
    public GraphProgram Compile() => GraphCompiler.Compile(Graph, Version, Outputs);

    private static string? OutOfScope(ModelProto model)
    {
        foreach (var node in model.Graph.Node)
        {
            if (!ModelTensors.IsConstant(node) && (node.Domain is not ("" or "ai.onnx") || !OperatorTable.Names.Contains(node.OpType)))
                return $"operator {node.OpType}";
        }
        foreach (var value in model.Graph.Input.Concat(model.Graph.Output))
        {
            if (value.Type?.TensorType is not { } tensor)
                return "a sequence or an optional";
            if (TorchTypes.Of(tensor.ElemType) is null)
                return $"type {TensorTypes.Name(tensor.ElemType)}";
        }
        foreach (var type in model.Graph.Node.Where(node => node.OpType == "Cast").SelectMany(node => node.Attribute))
        {
            if (type.Name == "to" && TorchTypes.Of((int)type.I) is null)
                return $"type {TensorTypes.Name((int)type.I)}";
        }
        return null;
    }

    private static TensorProto[] Read(string set, string kind, IReadOnlyList<ValueInfoProto> declared)
    {
        var tensors = new List<TensorProto>();
        while (Path.Combine(set, $"{kind}_{tensors.Count}.pb") is var path && File.Exists(path))
        {
            var tensor = TensorProto.Parser.ParseFrom(File.ReadAllBytes(path));
            // numpy has no bfloat16, so the bits are stored as an integer's.
            if (declared[tensors.Count].DataTypeOf() == (int)DataType.Bfloat16 && tensor.DataType == (int)DataType.Uint16)
                tensor.DataType = (int)DataType.Bfloat16;
            tensors.Add(tensor);
        }
        return [.. tensors];
    }
}
