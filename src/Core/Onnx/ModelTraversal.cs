using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>Walks everything in a model, subgraphs and functions included, in the order of the file.</summary>
internal static class ModelTraversal
{
    /// <summary>All tensors with data: initializers and tensors in attributes.</summary>
    public static IEnumerable<TensorProto> Tensors(ModelProto model) =>
        Tensors(model.Graph)
            .Concat(model.Functions.SelectMany(function => function.Node).SelectMany(Tensors))
            .Concat(model.TrainingInfo.SelectMany(training => Graphs(training.Initialization, training.Algorithm)).SelectMany(Tensors));

    /// <summary>The graphs in a node's attributes.</summary>
    public static IEnumerable<GraphProto> Subgraphs(NodeProto node) =>
        node.Attribute.SelectMany(attribute => Graphs(attribute.G).Concat(attribute.Graphs));

    /// <summary>The tensors of a graph.</summary>
    public static IEnumerable<TensorProto> Tensors(GraphProto graph) =>
        graph.Initializer
            .Concat(graph.SparseInitializer.SelectMany(Parts))
            .Concat(graph.Node.SelectMany(Tensors));

    private static IEnumerable<TensorProto> Tensors(NodeProto node)
    {
        foreach (var attribute in node.Attribute)
        {
            if (attribute.T is not null)
                yield return attribute.T;
            var sparse = attribute.SparseTensor is null ? attribute.SparseTensors : attribute.SparseTensors.Prepend(attribute.SparseTensor);
            foreach (var tensor in attribute.Tensors.Concat(sparse.SelectMany(Parts)))
                yield return tensor;
        }
        foreach (var tensor in Subgraphs(node).SelectMany(Tensors))
            yield return tensor;
    }

    private static IEnumerable<TensorProto> Parts(SparseTensorProto sparse) =>
        new[] { sparse.Values, sparse.Indices }.Where(tensor => tensor is not null);

    private static IEnumerable<GraphProto> Graphs(params GraphProto?[] graphs) => graphs.Where(graph => graph is not null)!;
}
