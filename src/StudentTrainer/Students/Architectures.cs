using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>The table of built-in architectures; each builds an ONNX graph.</summary>
public static class Architectures
{
    /// <summary>The table.</summary>
    internal static readonly IReadOnlyList<Architecture> All =
    [
        Mlp.Architecture,
        Cnn.Architecture,
        LeNet.Architecture,
        ResNet.Architecture,
        WideResNet.Architecture,
        MobileNetV2.Architecture,
        MobileNetV3.Small,
        MobileNetV3.Large,
        Vit.Architecture,
        TextTransformer.Architecture,
        Gpt.Architecture,
        CtcConv.Architecture,
        Crnn.Architecture,
        Recurrent.Lstm,
        Recurrent.Gru,
    ];

    /// <summary>The known names. Some architectures read further ones: <see cref="IsKnown"/>.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. All.SelectMany(architecture => architecture.Sizes.Select(size => size.Name).Prepend(architecture.Name))];

    /// <summary>Whether a name stands for an architecture.</summary>
    public static bool IsKnown(string name) => All.Any(architecture => architecture.Find(name) is not null);

    /// <summary>The options of an architecture: all but those that the name fixes.</summary>
    /// <exception cref="InputException">The name is not known.</exception>
    public static IReadOnlyList<StudentOption> OptionsOf(string name)
    {
        var (architecture, size) = Find(name);
        return [.. architecture.Options.Where(option => !size.Fixed.Any(entry => entry.Option == option))];
    }

    /// <summary>Every option of the architecture, in the order of its declaration, with the value that is given or its default.</summary>
    /// <exception cref="InputException">An unknown architecture or option, or a value out of range.</exception>
    public static IReadOnlyList<(StudentOption Option, object? Value)> Resolve(StudentOptions options)
    {
        var known = OptionsOf(options.Architecture);
        foreach (var name in options.Values.Keys.Where(name => known.All(option => option.Name != name)))
            throw UnknownOption(options.Architecture, name, [.. known.Select(option => option.Name)]);
        return [.. known.Select(option => (option, options.Values.TryGetValue(option.Name, out var value) ? value : option.Default))];
    }

    /// <summary>
    /// Builds a freshly initialised student: input <c>input</c> [N, sample], output <c>logits</c> [N, classes] (for recognisers and
    /// decoders [N, T, classes]), N free. Architectures of text take int64 token ids, all others float32.
    /// </summary>
    /// <param name="options">Architecture and sizes.</param>
    /// <param name="sampleShape">The shape of one sample: [28, 28].</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="seed">Decides the initial weights.</param>
    /// <exception cref="InputException">An unknown architecture or option, or sizes that do not fit it or the samples.</exception>
    public static OnnxModel Build(StudentOptions options, IReadOnlyList<int> sampleShape, int classes, ulong seed) =>
        Build(options, sampleShape, classes, (ulong?)seed);

    /// <summary>Checks all that can be checked before the number of classes is known.</summary>
    /// <inheritdoc cref="Build(StudentOptions, IReadOnlyList{int}, int, ulong)"/>
    public static void RequireFit(StudentOptions options, IReadOnlyList<int> sampleShape) => Build(options, sampleShape, 2, null);

    private static OnnxModel Build(StudentOptions options, IReadOnlyList<int> sampleShape, int classes, ulong? seed)
    {
        var (architecture, size) = Find(options.Architecture);
        var values = Resolve(options).Concat(size.Fixed.Select(entry => (entry.Option, Value: (object?)entry.Value)))
            .ToDictionary(entry => entry.Option, entry => entry.Value);
        foreach (var (option, value) in values.Where(entry => !entry.Key.Accepts(entry.Value)))
            throw new InputException(
                "An option of the student is out of range.", $"student.{option.Name}", Describe(value), option.Expected);
        if (classes < 2 || sampleShape.Any(length => length < 1))
            throw new InputException(
                "No student can be built for this data.",
                where: "student",
                found: $"{classes} classes, samples of shape {Shapes.Format(sampleShape)}",
                expected: "2 classes or more, and samples that are not empty");
        return architecture.Build(new(options.Architecture, values, sampleShape, classes, seed));
    }

    private static (Architecture Architecture, NamedSize Size) Find(string name)
    {
        foreach (var architecture in All)
        {
            if (architecture.Find(name) is { } size)
                return (architecture, size);
        }
        throw new InputException(
            "An architecture is not known.",
            where: "student.architecture",
            found: name,
            expected: string.Join(", ", Names),
            remedy: DidYouMean(name, Names));
    }

    private static InputException UnknownOption(string architecture, string name, IReadOnlyList<string> known) => new(
        $"The architecture '{architecture}' has no option '{name}'.",
        where: $"student.{name}",
        expected: known.Count == 0 ? "no options" : $"one of {string.Join(", ", known)}",
        remedy: DidYouMean(name, known) ?? "remove it");

    private static string? DidYouMean(string name, IReadOnlyList<string> known) =>
        Suggestions.Nearest(name, known) is { } nearest ? $"did you mean '{nearest}'?" : null;

    private static string Describe(object? value) => value switch
    {
        null => "none",
        System.Collections.IEnumerable list and not string => Shapes.Format(list.Cast<object>()),
        _ => FormattableString.Invariant($"{value}"),
    };
}
