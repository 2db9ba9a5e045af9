using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>A value that float16 cannot hold.</summary>
/// <param name="Node">The place of the node that reads or makes it.</param>
/// <param name="Tensor">Where it is.</param>
/// <param name="Value">Its size.</param>
internal sealed record Overflow(int Node, string Tensor, float Value);

/// <summary>
/// Finds values that float16 cannot hold, on samples. A comparison of outputs does not show them where ONNX Runtime computes in float32 although the file says float16, as it does for
/// much on processors: on other hardware they are infinite.
/// </summary>
internal static class Float16Range
{
    /// <summary>The largest number.</summary>
    public const float Largest = 65504;

    /// <summary>Runs a model and finds the nodes that read or make such values.</summary>
    /// <param name="conversion">The model.</param>
    /// <param name="model">The same as it was.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="samples">What it runs on.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">The model fails.</exception>
    public static IReadOnlyList<Overflow> Beyond(MixedFloat16 conversion, ModelProto model, string name, ProbeSamples samples, CancellationToken token)
    {
        var largest = model.Graph.Initializer.Where(tensor => tensor.ElementTypeOf() == Core.Tensors.ElementType.Float32)
            .ToDictionary(tensor => tensor.Name, tensor => Size(tensor.ToFloats()), StringComparer.Ordinal);
        var made = model.Graph.Node.SelectMany(node => node.Output).Concat(model.Graph.Input.Select(input => input.Name)).ToHashSet(StringComparer.Ordinal);
        string[] tensors = [.. conversion.Candidates.SelectMany(conversion.FloatsOf).Distinct().Where(tensor => made.Contains(tensor) && !largest.ContainsKey(tensor))];
        TensorProbe.Run(
            model, name, tensors, samples,
            (tensor, values) => largest[tensors[tensor]] = Math.Max(largest.GetValueOrDefault(tensors[tensor]), Size(values)), onBatch: null, token);
        return
        [
            .. conversion.Candidates.Select(place => conversion.FloatsOf(place).Select(tensor => new Overflow(place, tensor, largest.GetValueOrDefault(tensor))).MaxBy(found => found.Value))
                .OfType<Overflow>().Where(found => found.Value > Largest),
        ];
    }

    /// <summary>The largest absolute value; infinities were infinite before, and are none of float16's.</summary>
    private static float Size(ReadOnlySpan<float> values)
    {
        var largest = 0f;
        foreach (var value in values)
            if (float.IsFinite(value))
                largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }
}
