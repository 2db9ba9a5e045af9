using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Preparation;

/// <summary>The one rule by which samples are fed to a model, teacher or student: nothing is reshaped that could change an axis's meaning.</summary>
internal static class SampleFit
{
    /// <summary>Fits a sample into an input: equal apart from axes of length 1, or one of the two is the other flattened.</summary>
    /// <param name="dims">The input's declared axes after the batch axis; an axis of free length takes the sample's length.</param>
    /// <param name="sample">The shape of one sample.</param>
    /// <returns>The lengths of the input's axes; <c>null</c> if the sample does not fit.</returns>
    public static IReadOnlyList<long>? Find(IReadOnlyList<Dim> dims, IReadOnlyList<int> sample)
    {
        // Lined up as they are, an axis of free length takes the sample's length.
        if (Matches(dims, sample))
            return [.. sample];

        Dim[] dimsAboveOne = [.. dims.Where(d => d.Size != 1)];
        int[] sampleAboveOne = [.. sample.Where(d => d != 1)];
        if (Matches(dimsAboveOne, sampleAboveOne))
        {
            var lengths = new Queue<int>(sampleAboveOne);
            return [.. dims.Select(d => d.Size == 1 ? 1L : lengths.Dequeue())];
        }

        var elements = sample.Aggregate(1L, (product, d) => product * d);
        if (dimsAboveOne.Length == 1 && (dimsAboveOne[0].Size ?? elements) == elements)
            return [.. dims.Select(d => d.Size == 1 ? 1L : elements)];
        if (sampleAboveOne.Length == 1 && dims.All(d => !d.IsDynamic) && dims.Aggregate(1L, (product, d) => product * d.Size!.Value) == elements)
            return [.. dims.Select(d => d.Size!.Value)];
        return null;
    }

    private static bool Matches(IReadOnlyList<Dim> dims, IReadOnlyList<int> lengths) =>
        dims.Count == lengths.Count && dims.Zip(lengths).All(pair => pair.First.IsDynamic || pair.First.Size == pair.Second);
}
