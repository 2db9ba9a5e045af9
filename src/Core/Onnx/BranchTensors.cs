using Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Core.Onnx;

/// <summary>Tensors inside the branches of an If, which a graph does not give by itself.</summary>
internal static class BranchTensors
{
    /// <summary>
    /// Makes a tensor of a branch one of the graph, as floats: the If gives it too. Where the other branch is taken it is empty, and so no row of any sample.
    /// </summary>
    /// <param name="graph">The graph; changed.</param>
    /// <param name="tensor">The tensor's name, which the graph's own then has; inside, it gets another.</param>
    /// <returns>Whether a branch makes such a tensor.</returns>
    public static bool Lift(GraphProto graph, string tensor)
    {
        foreach (var node in graph.Node.Where(node => node.OpType == "If"))
            foreach (var branch in ModelTraversal.Subgraphs(node))
            {
                if (!branch.Node.Any(inner => inner.Output.Contains(tensor)) && !Lift(branch, tensor))
                    continue;
                Rename(branch, tensor, $"{tensor}/inside");
                foreach (var other in ModelTraversal.Subgraphs(node))
                    AddOutput(other, tensor, other == branch);
                node.Output.Add(tensor);
                return true;
            }

        return false;
    }

    /// <summary>Whether a branch makes a tensor.</summary>
    public static bool Contain(GraphProto graph, string tensor) => graph.Node.Where(node => node.OpType == "If").SelectMany(ModelTraversal.Subgraphs)
        .Any(branch => branch.Node.Any(inner => inner.Output.Contains(tensor)) || Contain(branch, tensor));

    private static void AddOutput(GraphProto branch, string tensor, bool makesIt)
    {
        var name = $"{tensor}/{(makesIt ? "given" : "empty")}";
        branch.Node.Add(makesIt
            ? new NodeProto
            {
                Name = name, OpType = "Cast", Input = { $"{tensor}/inside" }, Output = { name },
                Attribute = { new AttributeProto { Name = "to", Type = AttributeType.Int, I = (long)DataType.Float } },
            }
            : new NodeProto
            {
                Name = name, OpType = "Constant", Output = { name },
                Attribute = { new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = TensorData.Create("", Array.Empty<float>(), 0) } },
            });
        branch.Output.Add(new ValueInfoProto
        {
            Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } },
        });
    }

    private static void Rename(GraphProto graph, string from, string to)
    {
        foreach (var node in graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == from)
                    node.Input[i] = to;
            for (var i = 0; i < node.Output.Count; i++)
                if (node.Output[i] == from)
                    node.Output[i] = to;
            foreach (var inner in ModelTraversal.Subgraphs(node))
                Rename(inner, from, to);
        }

        foreach (var output in graph.Output.Where(output => output.Name == from))
            output.Name = to;
    }
}
