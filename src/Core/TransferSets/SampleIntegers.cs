using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Integers that belong to the samples of a file: labels, lengths.</summary>
internal sealed class SampleIntegers : IDisposable
{
    private readonly StoredTensor file;

    private SampleIntegers(StoredTensor file) => this.file = file;

    /// <summary>The file, for messages.</summary>
    public string Path => file.Path;

    /// <summary>The shape of one sample's.</summary>
    public IReadOnlyList<int> Shape => [.. file.Shape.Skip(1).Select(size => (int)size)];

    /// <summary>Opens them.</summary>
    /// <param name="options">Where they are.</param>
    /// <param name="part">Which.</param>
    /// <param name="samples">Samples in the whole file: there must be as many.</param>
    /// <exception cref="InputException">They are no integers, or of another number.</exception>
    public static SampleIntegers Open(TransferSetOptions options, SetPart part, long samples)
    {
        var file = TensorFormat.OpenAny(new(options, part));
        var what = part.ToString().ToLowerInvariant();
        InputException? error = null;
        if (file.Type.IsFloat())
            error = new(
                $"The {what} of a set are not integers.",
                where: file.Path,
                found: $"{file.Type.Name()} {Shapes.Format(file.Shape)}",
                expected: $"integers {Shapes.Format([samples])}",
                remedy: AreWhole(file) ? file.Shape.Count > 1 && file.Shape[^1] > 1 ? "store integers: of rows with one 1 each array.argmax(1), else array.astype(numpy.int64)" : "store integers: array.astype(numpy.int64)"
                    : part == SetPart.Labels ? "values to be learned come from a teacher (--teacher or --signals): leave labels out (--labels)"
                    : "store integers, one for each sample");
        else if (file.Shape[0] != samples)
            error = new(
                $"Samples and {what} differ in number.",
                where: $"{options.Samples} and {file.Path}",
                found: $"{samples} samples, {file.Shape[0]} {what}",
                expected: $"{what} for each sample",
                remedy: "use the files that belong together");
        if (error is null)
            return new(file);
        file.Dispose();
        throw error;
    }

    private static bool AreWhole(StoredTensor file)
    {
        var values = new float[file.RowBytes / file.Type.Size()];
        for (long row = 0; row < file.Shape[0]; row++)
        {
            file.Read([row], values);
            if (Array.Exists(values, value => value != MathF.Truncate(value)))
                return false;
        }
        return true;
    }

    /// <summary>Reads whole samples'.</summary>
    /// <param name="first">The first sample in the file.</param>
    /// <param name="destination">Room for some of them.</param>
    public void Read(long first, Span<long> destination)
    {
        var raw = new byte[(long)destination.Length * file.Type.Size()];
        file.ReadRows(first, raw);
        Elements.ToInt64(raw, file.Type, destination);
    }

    /// <summary>The same; what lies outside 32 bits becomes the nearest that does not.</summary>
    /// <inheritdoc cref="Read(long, Span{long})"/>
    public void Read(long first, Span<int> destination)
    {
        var values = new long[destination.Length];
        Read(first, values);
        for (var i = 0; i < values.Length; i++)
            destination[i] = (int)Math.Clamp(values[i], int.MinValue, int.MaxValue);
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
