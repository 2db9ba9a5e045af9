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
        using var file = TensorFormat.OpenAny(new(options, ForLabels: true));
        if (file.Shape.Count != 1 || file.Type.IsFloat())
            throw new InputException(
                "Labels are not a list of class indices.",
                where: file.Path,
                found: $"{file.Type.Name()} {Shapes.Format(file.Shape)}",
                expected: $"integers {Shapes.Format([samples])}",
                remedy: "store one integer class index per sample");
        if (file.Shape[0] != samples)
            throw new InputException(
                "Samples and labels differ in number.",
                where: $"{options.Samples} and {file.Path}",
                found: $"{samples} samples, {file.Shape[0]} labels",
                expected: "one label per sample",
                remedy: "use the files that belong together");
        if (count > Array.MaxLength / sizeof(long))
            throw new InputException("There are too many labels.", where: file.Path, found: $"{count}");

        var raw = new byte[count * file.Type.Size()];
        file.ReadRows(first, raw);
        var labels = new long[count];
        Elements.ToInt64(raw, file.Type, labels);
        return Array.ConvertAll(labels, label => label is >= 0 and <= int.MaxValue ? (int)label : throw new InputException(
            "A label is not a class index.",
            where: $"{file.Path}, sample {first + Array.IndexOf(labels, label)}",
            found: $"{label}",
            expected: "an integer from 0",
            remedy: "number the classes from 0"));
    }
}
