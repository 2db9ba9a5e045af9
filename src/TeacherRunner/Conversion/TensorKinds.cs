using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>The types and ranks of a graph's tensors (without its subgraphs), as ONNX Runtime infers them; nothing is run.</summary>
internal sealed class TensorKinds
{
    private readonly Dictionary<string, (ElementType Type, int Rank)> known = new(StringComparer.Ordinal);

    private TensorKinds(ModelProto model, string name)
    {
        var probed = model.Clone();
        probed.Graph.Output.Clear();
        foreach (var output in model.Graph.Node.SelectMany(node => node.Output).Where(output => output.Length > 0))
            probed.Graph.Output.Add(new ValueInfoProto { Name = output });
        if (probed.Graph.Output.Count == 0)
            probed.Graph.Output.Add(model.Graph.Output);
        using var session = SessionFactory.Open(probed, ExecutionDevice.Resolve("cpu"), threads: 1, name, brief: true);
        foreach (var (tensor, metadata) in session.InputMetadata.Concat(session.OutputMetadata))
            if (metadata.IsTensor && TensorTypes.TryElementType((int)metadata.ElementDataType, out var type))
                known[tensor] = (type, metadata.Dimensions.Length);
        foreach (var tensor in model.Graph.Initializer)
            if (TensorTypes.TryElementType(tensor.DataType, out var type))
                known[tensor.Name] = (type, tensor.Dims.Count);
    }

    /// <summary>Asks ONNX Runtime.</summary>
    /// <exception cref="Core.Errors.OnnxKdException">It refuses the model.</exception>
    public static TensorKinds Of(ModelProto model, string name) => new(model, name);

    /// <summary>The type of a tensor's elements; <c>null</c>: not known, or not numbers.</summary>
    public ElementType? TypeOf(string tensor) => known.TryGetValue(tensor, out var kind) ? kind.Type : null;

    /// <summary>The number of a tensor's axes; <c>null</c>: not known.</summary>
    public int? RankOf(string tensor) => known.TryGetValue(tensor, out var kind) ? kind.Rank : null;
}
