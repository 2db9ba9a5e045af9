using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Logits;

/// <summary>Finds the axis that counts a model's classes, a teacher's and a student's alike.</summary>
internal static class ClassAxis
{
    // Until this opset a softmax flattens its input at the axis (1 by default) and normalises everything behind it together.
    private const long SoftmaxOfOneAxis = 13;

    /// <summary>
    /// The axis that was asked for; else that of the softmax; else the only one longer than 1; else the one that something chooses along; else the only one along
    /// which the values are distributions; else that of the channels of whatever makes the tensor; else, of frames, the last one, and of maps the only one of length 1.
    /// </summary>
    /// <param name="requested">The axis as the user names it, the batch being 0, or negative from the end; <c>null</c>: to be found.</param>
    /// <param name="trace">What the graph's structure claims.</param>
    /// <param name="opset">The model's version of ONNX's own operators.</param>
    /// <param name="dims">The tensor's lengths after the batch axis.</param>
    /// <param name="values">Values that the model gave: rows × dims; without any, distributions are not looked for.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <exception cref="InputException">The axis that was asked for does not exist, or the softmax is over another; or nothing tells which axis of a map it is.</exception>
    /// <exception cref="UnsupportedModelException">The softmax is not over one axis of classes.</exception>
    public static RowLayout Find(int? requested, LogitTrace trace, long opset, long[] dims, ReadOnlySpan<float> values, string model)
    {
        if (dims.Length == 0)
            dims = [1];
        var normalised = trace.Activation is HeadActivation.Softmax or HeadActivation.LogSoftmax
            ? OfSoftmax(trace, opset, dims, model)
            : (int?)null;
        if (requested is { } axis)
            return new(dims, OfRequest(axis, normalised, trace, dims, model));
        if (normalised is { } found)
            return new(dims, found);
        var longer = Longer(dims);
        if (longer.Length < 2)
            return new(dims, longer.Length == 1 ? longer[0] : dims.Length - 1);
        var channels = trace.Channels is { } known && (known.Axis < 0 ? known.Axis + dims.Length : known.Axis - 1) is var at && at >= 0 && at < dims.Length ? (int)at : (int?)null;
        return new(dims, (trace.Channels?.IsRead == true ? channels : null)
            ?? (trace.Activation == HeadActivation.None ? OfDistributions(dims, longer, values) : null)
            ?? channels
            ?? (dims.Length == 2 ? 1 : OfOneChannel(dims)) ?? throw Unclear(trace, dims, longer, model));
    }

    private static int? OfOneChannel(long[] dims) => dims.Index().Where(axis => axis.Item == 1).ToArray() is [var (only, _)] ? only : null;

    private static InputException Unclear(LogitTrace trace, long[] dims, int[] longer, string model) => new(
        "It is not clear which axis counts the classes.", $"tensor '{trace.Logits}' of {model}", $"[N, {string.Join(", ", dims)}], and nothing in the graph or the values that tells",
        $"one of {string.Join(", ", longer.Select(axis => $"class-axis {axis + 1} ({dims[axis]} classes)"))}",
        $"say it beside the model: 'class-axis: {longer[0] + 1}' or 'class-axis: {longer[^1] + 1}'");

    private static int OfSoftmax(LogitTrace trace, long opset, long[] dims, string model)
    {
        var rank = dims.Length + 1;
        var axis = trace.Axis ?? (opset < SoftmaxOfOneAxis ? 1 : -1);
        var at = (int)(axis < 0 ? axis + rank : axis) - 1;
        var together = at < 0 || at >= dims.Length ? [] : opset < SoftmaxOfOneAxis ? Longer(dims).Where(d => d >= at).ToArray() : [at];
        if (together.Length == 0 && at >= 0 && Longer(dims).Length == 0)
            return at;
        return together.Length == 1 && (dims[together[0]] > 1 || Longer(dims).Length == 0)
            ? together[0]
            : throw new UnsupportedModelException(
                $"The model ends in {trace.Activation}, but not over classes, so it is no classifier head.",
                $"output '{trace.Output}' of {model}", $"axis {axis} of [N, {string.Join(", ", dims)}]",
                "one axis after the batch, longer than 1", "name the tensor that holds the logits (output: in a recipe)");
    }

    private static int OfRequest(int axis, int? normalised, LogitTrace trace, long[] dims, string model)
    {
        var at = (axis < 0 ? axis + dims.Length + 1 : axis) - 1;
        if (at < 0 || at >= dims.Length)
            throw new InputException(
                "The class axis does not exist.", $"tensor '{trace.Logits}' of {model}", $"class-axis {axis} of [N, {string.Join(", ", dims)}]",
                $"1 to {dims.Length}, or -1 for the last; 0 is the batch");
        return normalised is null || normalised == at
            ? at
            : throw new InputException(
                $"The class axis is not the one that the model's {trace.Activation} is over.", $"tensor '{trace.Logits}' of {model}",
                $"class-axis {axis}", $"{normalised + 1}", "leave it out: it is found");
    }

    private static int? OfDistributions(long[] dims, int[] candidates, ReadOnlySpan<float> values)
    {
        int? found = null;
        foreach (var axis in candidates)
        {
            var layout = new RowLayout(dims, axis);
            var rows = layout.ToClassLast(values);
            if (!Distributions.AreProbabilities(rows, layout.Classes) && !Distributions.AreLogProbabilities(rows, layout.Classes))
                continue;
            if (found is not null)
                return null;
            found = axis;
        }

        return found;
    }

    private static int[] Longer(long[] dims) => [.. Enumerable.Range(0, dims.Length).Where(axis => dims[axis] > 1)];
}
