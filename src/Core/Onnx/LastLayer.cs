using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>The layer whose values a tensor has as they are: no arithmetic lies between the two.</summary>
/// <param name="Name">The layer's name in the graph.</param>
/// <param name="Width">Of a product with weights: how many numbers it gives at each place; <c>null</c>: it is a convolution.</param>
internal sealed record LastLayer(string Name, long? Width)
{
    private const int MostSteps = 64;

    private static readonly HashSet<string> Moving = [.. ColumnJoin.Rearranging, "Split", "Slice", "Gather", "Dropout", "QuantizeLinear", "DequantizeLinear"];

    /// <summary>Finds it; <c>null</c>: there is arithmetic behind the layer, or no layer with weights.</summary>
    /// <param name="index">The graph.</param>
    /// <param name="tensor">The tensor.</param>
    public static LastLayer? Behind(GraphIndex index, string tensor)
    {
        for (var steps = 0; steps < MostSteps && index.Producer(tensor) is { Input.Count: > 0 } node; steps++)
        {
            if (node.OpType is "Conv" or "ConvTranspose" or "QLinearConv")
                return new(node.Output[0], null);
            if (node.OpType is "Gemm" or "MatMul")
                return index.Initializers.GetValueOrDefault(node.Input[1]) is { Dims: [var inner, var outer] }
                    ? new(node.Output[0], node.Attribute.Any(attribute => attribute is { Name: "transB", I: 1 }) ? inner : outer)
                    : null;
            if (node.OpType == "Add" && BiasedProduct(index, node) is { } product)
                tensor = product;
            // Levels of a pyramid, of which each has its layer.
            else if (Moving.Contains(node.OpType) || node.OpType == "Concat" && node.Input.All(part => Behind(index, part) is not null))
                tensor = node.Input[0];
            else
                return null;
        }

        return null;
    }

    /// <summary>A linear layer of more than two axes is a product, and its bias an addition of one axis.</summary>
    private static string? BiasedProduct(GraphIndex index, NodeProto add) =>
        Enumerable.Range(0, 2).Where(i => index.Initializers.GetValueOrDefault(add.Input[1 - i]) is { Dims.Count: 1 } && index.Producer(add.Input[i]) is { OpType: "MatMul" })
            .Select(i => add.Input[i]).FirstOrDefault();
}
