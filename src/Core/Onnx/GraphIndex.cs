using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>Who makes and who reads each tensor of a graph (without its subgraphs). A picture of the moment: edits do not show.</summary>
internal sealed class GraphIndex
{
    private readonly Dictionary<string, NodeProto> producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<NodeProto>> consumers = new(StringComparer.Ordinal);

    /// <summary>Indexes a graph.</summary>
    public GraphIndex(GraphProto graph)
    {
        Initializers = graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        Inputs = [.. graph.Input.Where(input => !Initializers.ContainsKey(input.Name))];
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output.Where(name => name.Length > 0))
                producers[output] = node;
            foreach (var input in node.Input.Where(name => name.Length > 0).Distinct())
            {
                if (!consumers.TryGetValue(input, out var readers))
                    consumers[input] = readers = [];
                readers.Add(node);
            }
        }
    }

    /// <summary>Inputs that a caller must feed: those without an initializer of the same name, in order.</summary>
    public IReadOnlyList<ValueInfoProto> Inputs { get; }

    /// <summary>Initializers by name.</summary>
    public IReadOnlyDictionary<string, TensorProto> Initializers { get; }

    /// <summary>The node that makes a tensor; <c>null</c> for inputs, initializers and unknown names.</summary>
    public NodeProto? Producer(string tensor) => producers.GetValueOrDefault(tensor);

    /// <summary>The nodes that read a tensor, in order; each once.</summary>
    public IReadOnlyList<NodeProto> Consumers(string tensor) => consumers.TryGetValue(tensor, out var readers) ? readers : [];
}
