using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>The table of built-in architectures; each builds an ONNX graph.</summary>
public static class Architectures
{
    private delegate OnnxModel Builder(StudentOptions options, IReadOnlyList<int> sampleShape, int classes, ulong seed);

    private static readonly Dictionary<string, Builder> Builders = new(StringComparer.Ordinal)
    {
        { "mlp", Mlp.Build },
        { "cnn", Cnn.Build },
    };

    /// <summary>The known names.</summary>
    public static IReadOnlyList<string> Names => [.. Builders.Keys];

    /// <summary>Builds a freshly initialised student: input <c>input</c> [N, sample], output <c>logits</c> [N, classes], N free.</summary>
    /// <param name="options">Architecture and sizes.</param>
    /// <param name="sampleShape">The shape of one sample: [28, 28].</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="seed">Decides the initial weights.</param>
    /// <exception cref="InputException">An unknown architecture, or sizes that do not fit it or the samples.</exception>
    public static OnnxModel Build(StudentOptions options, IReadOnlyList<int> sampleShape, int classes, ulong seed)
    {
        if (!Builders.TryGetValue(options.Architecture, out var build))
            throw new InputException(
                "An architecture is not known.",
                where: "student.architecture",
                found: options.Architecture,
                expected: string.Join(", ", Names),
                remedy: Suggestions.Nearest(options.Architecture, Names) is { } nearest ? $"did you mean '{nearest}'?" : null);
        if (classes < 2 || sampleShape.Any(size => size < 1))
            throw new InputException(
                "No student can be built for this data.",
                where: "student",
                found: $"{classes} classes, samples of shape {Shapes.Format(sampleShape)}",
                expected: "2 classes or more, and samples that are not empty");
        return build(options, sampleShape, classes, seed);
    }
}
