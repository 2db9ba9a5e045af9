using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How recipes write values of settings that are neither numbers, words and lists nor settings of their own.</summary>
internal static class SettingForms
{
    private static readonly Dictionary<Type, SettingForm> Table = new()
    {
        { typeof(Augmentation), new(AugmentationSection.Read, (value, _) => AugmentationSection.Write((Augmentation)value)) },
        { typeof(ParameterOverrides), new(ReadParameters, (value, _) => WriteParameters((ParameterOverrides)value)) },
        { typeof(IReadOnlyList<TappedTensor>), new(ReadTapped, (value, _) => WriteTapped((IReadOnlyList<TappedTensor>)value)) },
        { typeof(SignalFiles), new(ReadSignals, (value, file) => WriteSignals((SignalFiles)value, file)) },
        { typeof(InputFeeds), new(ReadFeeds, (value, _) => WriteFeeds((InputFeeds)value)) },
        { typeof(ClassList), new(ReadClasses, (value, _) => WriteClasses((ClassList)value)) },
    };

    /// <summary>The form of a type; <c>null</c> if it has none of its own.</summary>
    public static SettingForm? Find(Type type) => Table.GetValueOrDefault(type);

    private static ParameterOverrides ReadParameters(RecipeValue value)
    {
        if (value.IsNone)
            return ParameterOverrides.None;
        var map = value.Map("include", "exclude");
        return new(Patterns("include"), Patterns("exclude"));

        IReadOnlyList<string> Patterns(string key) => map.Read(key, [], v => v.OneOrMore(pattern => pattern.Text()));
    }

    private static object? WriteParameters(ParameterOverrides parameters) => parameters.Include.Count + parameters.Exclude.Count == 0
        ? null
        : YamlTree.Line(
            ("include", parameters.Include.Count > 0 ? parameters.Include : null),
            ("exclude", parameters.Exclude.Count > 0 ? parameters.Exclude : null));

    /// <summary>Names, or how many there are.</summary>
    private static ClassList ReadClasses(RecipeValue value)
    {
        if (!value.IsList)
            return new(value.WholeNumber(2), []);
        var names = value.List(name => name.Text());
        return names.Count >= 2 && names.Distinct().Count() == names.Count ? new(names.Count, names) : throw value.OutOfRange("two names or more, each once");
    }

    private static object WriteClasses(ClassList classes) => classes.Names.Count > 0 ? classes.Names : classes.Count;

    private static InputFeeds ReadFeeds(RecipeValue value) => value.IsNone
        ? InputFeeds.None
        : new([.. value.Entries().Select(entry => InputFeed.Parse(entry.Key.Text(), entry.Value.Text()))]);

    private static object? WriteFeeds(InputFeeds feeds) =>
        feeds.AreNone ? null : YamlTree.Line([.. feeds.All.Select(feed => (feed.Input, (object?)feed.Text))]);

    /// <summary>A list of tensors, or a mapping of stream: tensor, or of stream: what there is to say of the tensor.</summary>
    private static IReadOnlyList<TappedTensor> ReadTapped(RecipeValue value)
    {
        return value.IsMap
            ? [.. value.Entries().Select(entry => Read(entry.Value, entry.Key.Text()))]
            : value.OneOrMore(tensor => new TappedTensor(tensor.Text()));

        static TappedTensor Read(RecipeValue value, string stream)
        {
            if (!value.IsMap)
                return new(value.Text(), stream);
            var map = value.Map("tensor", "kind", "class-axis");
            return new(map.Find("tensor")?.Text() ?? stream, stream)
            {
                Kind = map.Read<OutputKind?>("kind", null, kind => Enum.Parse<OutputKind>(kind.OneOf([.. Enum.GetValues<OutputKind>().Select(OutputKinds.Word)]), ignoreCase: true)),
                ClassAxis = map.Read<int?>("class-axis", null, axis => axis.WholeNumber(int.MinValue)),
            };
        }
    }

    private static object? WriteTapped(IReadOnlyList<TappedTensor> tapped)
    {
        return tapped.Count == 0 ? null
            : tapped.All(t => t.Stream is not null) ? YamlTree.Line([.. tapped.Select(t => (t.Stream!, Write(t)))])
            : tapped.Select(t => t.Tensor).ToArray();

        static object? Write(TappedTensor tapped) => tapped is { Kind: null, ClassAxis: null }
            ? tapped.Tensor
            : YamlTree.Line(("tensor", tapped.Tensor), ("kind", tapped.Kind?.Word()), ("class-axis", tapped.ClassAxis));
    }

    /// <summary>A file, or a mapping of signal: file, one of which may be of ids.</summary>
    private static SignalFiles ReadSignals(RecipeValue value)
    {
        if (value.IsNone)
            return SignalFiles.None;
        if (!value.IsMap)
            return new([new(null, value.File())]);
        var entries = value.Entries().Select(entry => new SignalPath(entry.Key.Text(), entry.Value.File())).ToArray();
        SignalPath[] files = [.. entries.Where(entry => entry.Name != SignalFiles.IdsName)];
        return files.Length > 0
            ? new(files, Array.Find(entries, entry => entry.Name == SignalFiles.IdsName)?.Path)
            : throw value.OutOfRange("at least one signal with its file");
    }

    private static object? WriteSignals(SignalFiles signals, Func<string, string>? file)
    {
        return signals.AreNone ? null
            : signals is { Files: [{ Name: null, Path: var only }], Ids: null } ? Of(only)
            : YamlTree.Line([.. signals.Files.Select(signal => (signal.Name!, (object?)Of(signal.Path))), (SignalFiles.IdsName, signals.Ids is { } ids ? Of(ids) : null)]);

        string Of(string path) => file?.Invoke(path) ?? path;
    }
}

/// <summary>How a value is read and written.</summary>
/// <param name="Read">Reads it.</param>
/// <param name="Write">Writes it, given how paths are written; <c>null</c>: it is left out.</param>
internal sealed record SettingForm(Func<RecipeValue, object> Read, Func<object, Func<string, string>?, object?> Write);
