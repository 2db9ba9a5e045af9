using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>How the states of a text's tokens, [N, tokens, columns], become one row for the text.</summary>
public enum TokenPool
{
    /// <summary>Their mean, over the tokens whose mask is 1.</summary>
    Mean,

    /// <summary>The first one whose mask is 1.</summary>
    First,
}

/// <summary>An input that says which tokens count.</summary>
/// <param name="Input">The input [N, tokens].</param>
/// <param name="MarksPadding">Whether it is 1 where a token is padding; else where one counts.</param>
internal sealed record TokenMask(string Input, bool MarksPadding);

/// <summary>
/// Puts behind a model of tokens what its users do outside of it: sentence encoders are published with the states of all tokens as their output, and a
/// sentence's embedding is the mean of these, or the first.
/// </summary>
internal static class TokenPooling
{
    /// <summary>Adds the row, as an output of the graph. The nodes mean the same in every version of ONNX's operators.</summary>
    /// <param name="graph">The model's; changed.</param>
    /// <param name="reading">What is wanted: the states, and how they become one row.</param>
    /// <param name="mask">Which tokens count; <c>null</c>: all do.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <returns>What is wanted of the graph then: an embedding, unless something else is named.</returns>
    public static ModelReading Apply(GraphProto graph, ModelReading reading, TokenMask? mask, string model)
    {
        if (reading.Pooling is not { } pooling)
            return reading;
        var states = LogitTrace.Find(graph, reading.Tensor, model).Output;
        if (graph.Output.FirstOrDefault(output => output.Name == states)?.ShapeOf() is { } shape && shape.Count != 3)
            throw new InputException(
                "Only states of tokens can become one row for a text.", $"output '{states}' of {model}", $"[{string.Join(", ", shape)}]", "[N, tokens, columns]",
                "remove 'pooling', or name the tensor of the states: output");
        var row = new Writer(graph, $"{states}/{pooling.ToString().ToLowerInvariant()}");
        row.Add("Cast", [states], "states", GraphEdits.Integer("to", (long)DataType.Float));
        row.Add("Reshape", [Weigh(row, pooling, mask), row.Numbers("row", 0, -1)], "");
        graph.Output.Add(GraphEdits.FloatTensor(row.Name("")));
        return reading with { Tensor = row.Name(""), Kind = reading.Kind ?? OutputKind.Embedding, ClassAxis = null, Pooling = null };
    }

    /// <summary>The weighted sum of the states, in some shape of N × columns numbers.</summary>
    private static string Weigh(Writer row, TokenPool pooling, TokenMask? mask)
    {
        if (mask is null)
        {
            if (pooling == TokenPool.First)
                return row.Add("Gather", [row.Name("states"), row.Number("zero", 0)], "first", GraphEdits.Integer("axis", 1));
            row.Add("Transpose", [row.Name("states")], "columns", new AttributeProto { Name = "perm", Type = AttributeType.Ints, Ints = { 0, 2, 1 } });
            return row.Add("GlobalAveragePool", [row.Name("columns")], "mean");
        }

        row.Add("Cast", [mask.Input], mask.MarksPadding ? "padding" : "mask", GraphEdits.Integer("to", (long)DataType.Float));
        if (mask.MarksPadding)
            row.Add("Sub", [row.Floats("counted", 1), row.Name("padding")], "mask");
        if (pooling == TokenPool.First)
        {
            // The first of the largest.
            row.Add("ArgMax", [row.Name("mask")], "place", GraphEdits.Integer("axis", 1), GraphEdits.Integer("keepdims", 1));
            row.Add("Shape", [row.Name("mask")], "size");
            row.Add("Gather", [row.Name("size"), row.Number("one", 1)], "tokens", GraphEdits.Integer("axis", 0));
            row.Add("OneHot", [row.Name("place"), row.Name("tokens"), row.Floats("values", 0, 1)], "weights", GraphEdits.Integer("axis", -1));
            return row.Add("MatMul", [row.Name("weights"), row.Name("states")], "first");
        }

        row.Add("Reshape", [row.Name("mask"), row.Numbers("across", 0, 1, -1)], "weights");
        row.Add("Reshape", [row.Name("mask"), row.Numbers("down", 0, -1, 1)], "ones");
        row.Add("MatMul", [row.Name("weights"), row.Name("states")], "sum");
        // Of a mask of 0 and 1, how many are 1; of a text without tokens the sum is 0, whatever it is divided by.
        row.Add("MatMul", [row.Name("weights"), row.Name("ones")], "count");
        row.Add("Max", [row.Name("count"), row.Floats("least", 1)], "divisor");
        return row.Add("Div", [row.Name("sum"), row.Name("divisor")], "mean");
    }

    private sealed class Writer(GraphProto graph, string prefix)
    {
        public string Name(string part) => part.Length == 0 ? prefix : $"{prefix}/{part}";

        public string Add(string operation, IEnumerable<string> from, string to, params AttributeProto[] attributes)
        {
            graph.Node.Add(GraphEdits.Node(operation, from, Name(to), attributes));
            return Name(to);
        }

        public string Number(string name, long value) => Add(TensorData.Create(Name(name), [value]));

        public string Numbers(string name, params long[] values) => Add(TensorData.Create(Name(name), values, values.Length));

        public string Floats(string name, params float[] values) => Add(TensorData.Create(Name(name), values, values.Length));

        private string Add(TensorProto tensor)
        {
            graph.Initializer.Add(tensor);
            return tensor.Name;
        }
    }
}
