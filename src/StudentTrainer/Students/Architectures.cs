using System.Globalization;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>Finds built-in architectures and their named sizes; each builds an ONNX graph.</summary>
public static class Architectures
{
    private static readonly IReadOnlyList<Entry> All =
        [.. Architecture.Kinds.Names.Zip(Architecture.Kinds.Types, (name, type) => new Entry(name, SettingSchema.Of(type)))];

    /// <summary>The known names. Some architectures read further ones: <see cref="IsKnown"/>.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. All.SelectMany(entry => entry.Default.Sizes.Select(size => size.Name).Prepend(entry.Name))];

    /// <summary>The documentation of all architectures, in Markdown.</summary>
    public static string Reference()
    {
        var text = new StringBuilder();
        foreach (var entry in All)
        {
            var (meaning, samples, sizes) = (entry.Default.Meaning, entry.Default.Samples, entry.Default.Sizes);
            text.Append(CultureInfo.InvariantCulture, $"\n## `{entry.Name}`\n\n{char.ToUpperInvariant(meaning[0])}{meaning[1..]}. ");
            text.Append(CultureInfo.InvariantCulture, $"Samples: {samples}.\n{(sizes.Count > 0 ? "\n" : "")}");
            foreach (var size in sizes)
            {
                var values = size.Fixed.Select(value => $"{value.Option} {entry.Schema[value.Option]!.Describe(value.Value)}");
                text.Append(CultureInfo.InvariantCulture, $"- `{size.Name}`: {string.Join(", ", values)}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"\n{SettingsReference.Table(entry.Schema.Type)}");
        }

        return text.ToString();
    }

    /// <summary>Whether a name stands for an architecture.</summary>
    public static bool IsKnown(string name) => All.Any(entry => entry.Find(name) is not null);

    /// <summary>Whether an architecture takes token ids.</summary>
    /// <param name="name">A known name.</param>
    /// <param name="hasVocabulary">Whether a vocabulary is given, which some architectures take where they would take features.</param>
    /// <exception cref="InputException">The name is not known.</exception>
    public static bool TakesTokens(string name, bool hasVocabulary) => Find(name).Entry.Default is TextStack || hasVocabulary;

    /// <summary>Whether a name stands for an architecture that consists of convolutions.</summary>
    internal static bool IsConvolutional(string name) => IsKnown(name) && Find(name).Entry.Default.IsConvolutional;

    /// <summary>Whether a name stands for an architecture to which a sample with two axes is a sequence.</summary>
    internal static bool ReadsSequences(string name) => IsKnown(name) && Find(name).Entry.Default.ReadsSequences;

    /// <summary>The architecture that a name stands for.</summary>
    /// <exception cref="InputException">The name is not known.</exception>
    internal static Type TypeOf(string name) => Find(name).Entry.Schema.Type;

    /// <summary>The options of an architecture: all but those that the name fixes.</summary>
    /// <exception cref="InputException">The name is not known.</exception>
    public static IReadOnlyList<Setting> OptionsOf(string name)
    {
        var (entry, size) = Find(name);
        return [.. entry.Schema.Settings.Where(option => !size.Fixes(option))];
    }

    /// <summary>Every option of the architecture, in the order of its declaration, with the value that is given or its default.</summary>
    /// <exception cref="InputException">An unknown architecture or option, or a value out of range.</exception>
    public static IReadOnlyList<(Setting Option, object? Value)> Resolve(StudentOptions options)
    {
        var known = OptionsOf(options.Architecture);
        foreach (var name in options.Values.Keys.Where(name => known.All(option => option.Name != name)))
            throw UnknownOption(options.Architecture, name, [.. known.Select(option => option.Name)]);
        return [.. known.Select(option => (option, options.Values.TryGetValue(option.Name, out var value) ? value : option.Default))];
    }

    /// <summary>
    /// Builds a freshly initialised student: input <c>input</c> [N, sample], output <c>logits</c> [N, classes] (for recognisers and
    /// decoders [N, T, classes]), N free. Architectures of text take int64 token ids, all others float32. For samples of several inputs it has several, each
    /// called <c>input/</c> and the samples' name: <see cref="Core.Preparation.InputFront"/> feeds them from a row.
    /// </summary>
    /// <param name="options">Architecture and sizes.</param>
    /// <param name="sampleShape">The shape of one sample: [28, 28].</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="seed">Decides the initial weights.</param>
    /// <exception cref="InputException">An unknown architecture or option, or sizes that do not fit it or the samples.</exception>
    public static OnnxModel Build(StudentOptions options, SampleShape sampleShape, int classes, ulong seed) =>
        Build(options, sampleShape, classes, (ulong?)seed);

    /// <summary>Checks all that can be checked before the number of classes is known.</summary>
    /// <inheritdoc cref="Build(StudentOptions, SampleShape, int, ulong)"/>
    /// <returns>Its graph, for two classes; all weights are 0.</returns>
    public static OnnxModel RequireFit(StudentOptions options, SampleShape sampleShape) => Build(options, sampleShape, 2, null);

    private static OnnxModel Build(StudentOptions options, SampleShape sampleShape, int classes, ulong? seed)
    {
        var (entry, size) = Find(options.Architecture);
        var values = Resolve(options).Concat(size.Fixed.Select(value => (Option: entry.Schema[value.Option]!, Value: (object?)value.Value)))
            .ToDictionary(value => value.Option, value => value.Value);
        foreach (var (option, value) in values.Where(value => !value.Key.Accepts(value.Value)))
            throw StudentRequest.OutOfRange(new(option.Name, option.Describe(value), option.Expected));
        return ((Architecture)entry.Schema.Create(values)).Build(new(options.Architecture, StudentRequest.Buildable(sampleShape, classes), classes, seed));
    }

    private static (Entry Entry, NamedSize Size) Find(string name)
    {
        foreach (var entry in All)
        {
            if (entry.Find(name) is { } size)
                return (entry, size);
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

    /// <summary>A line of the table.</summary>
    private sealed record Entry(string Name, SettingSchema Schema)
    {
        /// <summary>The architecture with its defaults.</summary>
        public Architecture Default { get; } = Schema.Default<Architecture>();

        /// <summary>What a name stands for; <c>null</c> if it is none of this architecture's.</summary>
        public NamedSize? Find(string name) =>
            name == Name ? new(Name) : Default.Sizes.FirstOrDefault(size => size.Name == name) ?? Default.Parse(name);
    }
}
