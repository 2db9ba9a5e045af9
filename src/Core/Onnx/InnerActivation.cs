namespace OnnxKd.Core.Onnx;

/// <summary>
/// Finds outputs whose values were probabilities before they were moved, joined or averaged: heads side by side, a map that was resized or transposed, the mean of several
/// heads.
/// </summary>
internal static class InnerActivation
{
    // Values of their first input, elsewhere or fewer.
    private static readonly HashSet<string> ofFirst =
    [
        "Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout", "Transpose", "Split", "Slice", "Gather", "Resize", "Upsample", "Expand", "Tile", "ReduceMean", "Clip",
    ];

    // Values of all inputs, side by side or together; constants among them are weights.
    private static readonly HashSet<string> ofAll = ["Concat", "Mean", "Sum", "Add", "Sub", "Mul", "Div", "Max", "Min"];

    // Beyond it, no head is made of arithmetic.
    private const int MostNodes = 100;

    /// <summary>What every value of a tensor comes from: Sigmoid or Softmax; None: something else, too.</summary>
    /// <param name="index">The graph.</param>
    /// <param name="tensor">The tensor.</param>
    public static HeadActivation Find(GraphIndex index, string tensor)
    {
        var found = new Dictionary<string, HeadActivation?>(StringComparer.Ordinal);
        return Of(tensor) ?? HeadActivation.None;

        // null: a constant.
        HeadActivation? Of(string name)
        {
            if (!found.TryGetValue(name, out var known))
            {
                found[name] = HeadActivation.None; // until it is known
                found[name] = known = found.Count > MostNodes ? HeadActivation.None : Look(name);
            }
            return known;
        }

        HeadActivation? Look(string name)
        {
            if (index.Initializers.ContainsKey(name))
                return null;
            return index.Producer(name) switch
            {
                { OpType: "Constant" } => null,
                { Domain: not ("" or "ai.onnx") } or null => HeadActivation.None,
                { OpType: "Sigmoid" } => HeadActivation.Sigmoid,
                { OpType: "Softmax" } => HeadActivation.Softmax,
                var node when ofFirst.Contains(node.OpType) && node.Input.Count > 0 => Of(node.Input[0]),
                var node when ofAll.Contains(node.OpType) => node.Input.Select(Of).OfType<HeadActivation>().Distinct().ToArray() is [var one] ? one : HeadActivation.None,
                _ => HeadActivation.None,
            };
        }
    }
}
