using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>A node while it is compiled: its attributes, and those of its inputs whose values the file holds.</summary>
/// <param name="node">The node.</param>
/// <param name="version">The version of the operator set.</param>
/// <param name="tensors">The file's tensors by name.</param>
/// <param name="isRead">Whether anything reads a tensor that the node makes.</param>
/// <param name="nested">Compiles a graph that the node holds.</param>
/// <param name="isKnown">Whether a tensor follows from constants and shapes alone.</param>
internal sealed class NodeContext(
    NodeProto node, int version, IReadOnlyDictionary<string, TensorProto> tensors, Func<string, bool>? isRead = null,
    Func<GraphProto, NestedGraph>? nested = null, Func<string, bool>? isKnown = null)
{
    /// <summary>The node's attributes.</summary>
    public Attributes Attributes { get; } = new(node);

    /// <summary>The version of the operator set.</summary>
    public int Version => version;

    /// <summary>Compiles a graph that the node holds.</summary>
    public NestedGraph Compile(GraphProto graph) => nested?.Invoke(graph) ?? throw new InvalidOperationException($"{Describe(node)} is not part of a program.");

    /// <summary>How many outputs the node lists.</summary>
    public int OutputCount => node.Output.Count;

    /// <summary>Whether an output is there and anything reads it.</summary>
    public bool IsRead(int output) =>
        output < node.Output.Count && node.Output[output].Length > 0 && isRead?.Invoke(node.Output[output]) != false;

    /// <summary>The input slot in which a tensor sits; −1 if it is not among the inputs.</summary>
    public int IndexOf(string tensor) => node.Input.IndexOf(tensor);

    /// <summary>Whether an input is there.</summary>
    public bool Has(int input) => input < node.Input.Count && node.Input[input].Length > 0;

    /// <summary>Whether an input is there and follows from constants and shapes alone, so that it does not depend on what samples hold.</summary>
    public bool IsKnown(int input) => IsConstant(input) || Has(input) && isKnown?.Invoke(node.Input[input]) == true;

    /// <summary>Whether an input is there and the file holds its values.</summary>
    public bool IsConstant(int input) => Has(input) && tensors.ContainsKey(node.Input[input]);

    /// <summary>A tensor of the file in an input slot; <c>null</c> if the input is left out.</summary>
    /// <exception cref="UnsupportedModelException">The input is computed while the model runs.</exception>
    public TensorProto? Constant(int input)
    {
        if (!Has(input))
            return null;
        return tensors.GetValueOrDefault(node.Input[input])
            ?? throw Unsupported("is supported only with a constant here", $"input {input} ('{node.Input[input]}') is computed");
    }

    /// <summary>A single number in an input slot, or the default if the input is left out.</summary>
    /// <exception cref="UnsupportedModelException">The input is computed, or is not a single number.</exception>
    public float Scalar(int input, float defaultValue)
    {
        if (Constant(input) is not { } tensor)
            return defaultValue;
        return tensor.ElementCount() == 1
            ? tensor.ToFloats()[0]
            : throw Unsupported("needs a single number here", $"input {input} has {tensor.ElementCount()}");
    }

    /// <summary>How to get the values of an integer input (a shape, axes): once, here, if the file holds them; else in each run.</summary>
    /// <remarks>The array may be the same in each run: do not write to it.</remarks>
    public Func<StepInputs, long[]> Longs(int input) =>
        OptionalLongs(input) ?? throw Unsupported("lacks an input", $"input {input} is left out");

    /// <summary>The same for an input that may be left out; <c>null</c> if it is.</summary>
    public Func<StepInputs, long[]>? OptionalLongs(int input)
    {
        if (!Has(input))
            return null;
        if (!tensors.TryGetValue(node.Input[input], out var tensor))
            return x => x.Longs(input);
        var values = tensor.ToLongs();
        return _ => values;
    }

    /// <summary>How to get the values of a float input that is a setting (scales, bounds).</summary>
    /// <remarks>The array may be the same in each run: do not write to it.</remarks>
    public Func<StepInputs, double[]> Doubles(int input) =>
        OptionalDoubles(input) ?? throw Unsupported("lacks an input", $"input {input} is left out");

    /// <summary>The same for an input that may be left out; <c>null</c> if the input is left out.</summary>
    /// <remarks>The array may be the same in each run: do not write to it.</remarks>
    public Func<StepInputs, double[]>? OptionalDoubles(int input)
    {
        if (!Has(input))
            return null;
        if (!tensors.TryGetValue(node.Input[input], out var tensor))
            return x => x.Doubles(input);
        var values = Array.ConvertAll(tensor.ToFloats(), value => (double)value);
        return _ => values;
    }

    /// <summary>The number of axes of a tensor of the file; <c>null</c> for a tensor that is computed.</summary>
    public int? RankOf(int input) => tensors.TryGetValue(node.Input[input], out var tensor) ? tensor.Dims.Count : null;

    /// <summary>An error that names the node.</summary>
    /// <param name="what">Continues the operator's name: <c>needs a single number here</c>.</param>
    /// <param name="found">What the file has.</param>
    /// <param name="remedy">What to do.</param>
    public UnsupportedModelException Unsupported(string what, string found, string? remedy = null) =>
        new($"{node.OpType} {what}.", where: Describe(node), found: found, remedy: remedy);

    /// <summary>A node for messages.</summary>
    public static string Describe(NodeProto node) =>
        node.Name.Length > 0
            ? $"node '{node.Name}' ({node.OpType})"
            : $"the {node.OpType} node that makes '{node.Output.FirstOrDefault()}'";
}
