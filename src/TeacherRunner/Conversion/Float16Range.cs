using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Deployment;
using OnnxKd.TeacherRunner.Sessions;

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
    /// <param name="feeds">The samples.</param>
    /// <param name="samples">How many of them.</param>
    /// <param name="batchSize">How many at once.</param>
    /// <param name="name">The model, for messages.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">The model fails.</exception>
    public static IReadOnlyList<Overflow> Beyond(MixedFloat16 conversion, ModelProto model, ModelFeeds feeds, long samples, int batchSize, string name, CancellationToken token)
    {
        var largest = model.Graph.Initializer.Where(tensor => tensor.ElementTypeOf() == Core.Tensors.ElementType.Float32)
            .ToDictionary(tensor => tensor.Name, tensor => Size(tensor.ToFloats()), StringComparer.Ordinal);
        var probed = model.Clone();
        var made = probed.Graph.Node.SelectMany(node => node.Output).Concat(probed.Graph.Input.Select(input => input.Name)).ToHashSet(StringComparer.Ordinal);
        string[] tensors = [.. conversion.Candidates.SelectMany(conversion.FloatsOf).Distinct().Where(tensor => made.Contains(tensor) && !largest.ContainsKey(tensor))];
        probed.Graph.Output.Clear();
        foreach (var (tensor, i) in tensors.Select((tensor, i) => (tensor, i)))
        {
            // An input cannot be an output as it is.
            probed.Graph.Node.Add(GraphEdits.Node("Identity", [tensor], $"{tensor}/probe{i}"));
            probed.Graph.Output.Add(GraphEdits.FloatTensor($"{tensor}/probe{i}"));
        }
        using var session = ModelSession.Of(probed, name);
        foreach (var (first, rows) in OutputDifference.Batches(feeds, samples, batchSize))
        {
            token.ThrowIfCancellationRequested();
            using var batch = feeds.Batch(first, rows);
            using var values = session.Run(batch);
            for (var i = 0; i < tensors.Length; i++)
                largest[tensors[i]] = Math.Max(largest.GetValueOrDefault(tensors[i]), Size(values[i].GetTensorDataAsSpan<float>()));
        }
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
