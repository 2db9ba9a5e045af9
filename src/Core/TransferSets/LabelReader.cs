using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Reads the class indices of a set.</summary>
internal static class LabelReader
{
    /// <summary>Reads a part of the labels.</summary>
    /// <param name="options">Where they are.</param>
    /// <param name="samples">Samples in the whole file: there must be as many labels.</param>
    /// <param name="first">The first row of the part.</param>
    /// <param name="count">Rows of the part.</param>
    public static int[] Read(TransferSetOptions options, long samples, long first, long count)
    {
        using var file = SampleIntegers.Open(options, SetPart.Labels, samples);
        if (file.Shape.Count > 0)
            throw new InputException(
                "Labels are not a list of class indices.",
                where: file.Path,
                found: Shapes.Format([samples, .. file.Shape.Select(size => (long)size)]),
                expected: $"integers {Shapes.Format([samples])}",
                remedy: "store one integer class index per sample");
        if (count > Array.MaxLength / sizeof(long))
            throw new InputException("There are too many labels.", where: file.Path, found: $"{count}");
        var labels = new int[count];
        file.Read(first, labels);
        var wrong = labels.AsSpan().IndexOfAnyExceptInRange(0, int.MaxValue - 1);
        return wrong < 0 ? labels : throw new InputException(
            "A label is not a class index.",
            where: $"{file.Path}, sample {first + wrong}",
            found: $"{labels[wrong]}",
            expected: "an integer from 0",
            remedy: "number the classes from 0");
    }
}
