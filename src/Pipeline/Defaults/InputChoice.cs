using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>A model that reads a set.</summary>
/// <param name="File">Its file's name, for messages.</param>
/// <param name="Inputs">The inputs that samples feed, by the samples' names.</param>
internal sealed record ReadingModel(string File, IReadOnlyList<(string Name, ValueInfoProto Input)> Inputs)
{
    private Lazy<IReadOnlySet<string>> lookups = new(() => new HashSet<string>());

    /// <summary>Those that look up a table, as token ids do, by the samples' names; found when they are first asked for.</summary>
    public IReadOnlySet<string> Lookups => lookups.Value;

    private Lazy<bool> takesIds = new(() => false);

    /// <summary>Whether whole numbers of its one input are ids, which it looks up, and no amounts.</summary>
    public bool TakesIds => takesIds.Value;

    private Lazy<bool> convolvesChannels = new(() => false);

    /// <summary>Whether its one input is convolved along time, as [channels, length] is; or is taken apart into frequencies.</summary>
    public bool ConvolvesChannels => convolvesChannels.Value;

    /// <summary>A loaded model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="feeds">What its inputs are fed with otherwise than by name.</param>
    public static ReadingModel Of(OnnxModel model, InputFeeds feeds)
    {
        (string Name, ValueInfoProto Input)[] inputs =
        [
            .. new GraphIndex(model.Proto.Graph).Inputs.Where(input => feeds.Of(input.Name) is not { From: null }).Select(input => (feeds.Of(input.Name)?.From ?? input.Name, input)),
        ];
        return new(Path.GetFileName(model.Path) ?? "the model", inputs)
        {
            lookups = new(() => inputs.Where(input => LookupTables.Smallest(model.Proto.Graph, input.Input.Name) is not null).Select(input => input.Name).ToHashSet()),
            takesIds = new(() => inputs is [var (_, only)] && LookupTables.AreIds(model.Proto.Graph, only.Name)),
            convolvesChannels = new(() => inputs is [var (_, only)] && IsConvolved(new(model.Proto.Graph), only.Name, hasChannels: only.ShapeOf() is { Count: > 2 })),
        };
    }

    /// <summary>
    /// Behind what is done to each value alone. The weights have an axis more than a place has, or, as exporters of Keras write them, one of length 1; what was [N, length] may get its
    /// channel before.
    /// </summary>
    private static bool IsConvolved(GraphIndex index, string tensor, bool hasChannels) => index.Consumers(tensor).Any(node => node.OpType switch
    {
        "Conv" => node.Input[0] == tensor && index.Initializers.GetValueOrDefault(node.Input[1])?.Dims is { } weights
            && (weights.Count == 3 || weights is [_, _, var rows, var columns] && Math.Min(rows, columns) == 1 && Math.Max(rows, columns) > 1),
        "STFT" => node.Input[0] == tensor,
        "Add" or "BatchNormalization" or "Cast" or "Clip" or "Div" or "Identity" or "Mul" or "Sub" => IsConvolved(index, node.Output[0], hasChannels),
        "Pad" or "Reshape" or "Unsqueeze" when !hasChannels => node.Input[0] == tensor && IsConvolved(index, node.Output[0], hasChannels),
        _ => false,
    });

    /// <summary>
    /// What may be the mask beside token ids: the only other input with a position for each of them, of integers or truth values, that looks up no table; <c>null</c>: there are no ids, or it
    /// is not clear.
    /// </summary>
    public string? Mask => Lookups.Count > 0 && Inputs.Where(input => !Lookups.Contains(input.Name) && IsRowOfFlags(input.Input)).ToArray() is [var only] ? only.Name : null;

    /// <summary>Whether named inputs must feed it: it has several, or one of texts.</summary>
    public bool NeedsNames => Inputs.Count > 1 || Inputs.Any(input => input.Input.Type?.TensorType?.ElemType == (int)TensorProto.Types.DataType.String);

    private static bool IsRowOfFlags(ValueInfoProto input) => input.ShapeOf() is { Count: 2 }
        && TensorTypes.TryElementType(input.DataTypeOf(), out var type) && type is ElementType.Bool or ElementType.Int32 or ElementType.Int64;
}

/// <summary>Finds which tensors or columns of a file feed the inputs of models, by their names, where a set does not say so.</summary>
internal static class InputChoice
{
    /// <summary>Whether a file has names for several inputs, or a row of columns without names.</summary>
    /// <param name="set">The set.</param>
    /// <returns>Also not, if it cannot be read: whoever opens it says why.</returns>
    public static bool MayFeedSeveral(TransferSetOptions set)
    {
        if (!set.Inputs.AreNone || set.Known is not null || set.SamplesKey is not null)
            return false;
        if (set.Samples.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            return true; // to look, all of it would be unpacked
        try
        {
            var (names, isTable) = TransferSet.NamesIn(set);
            if (names.Count > 0 || isTable)
                return true;
            using var opened = Open(set);
            return opened.SampleShape.Count == 1;
        }
        catch (OnnxKdException)
        {
            return false;
        }
    }

    /// <summary>Chooses.</summary>
    /// <param name="set">The set.</param>
    /// <param name="models">What reads it.</param>
    /// <param name="key">What of a recipe, or of a command line (<c>--set</c>), says what feeds what; <c>null</c>: nothing does.</param>
    /// <param name="otherwise">What can be done where no such key is; <c>null</c>: give another file.</param>
    /// <returns>The set with its inputs, or with the key of the only one; the same where it says enough itself.</returns>
    /// <exception cref="InputException">Names are missing in the file; lists both sides.</exception>
    public static TransferSetOptions Choose(TransferSetOptions set, IReadOnlyList<ReadingModel> models, string? key, string? otherwise = null)
    {
        if (!set.Inputs.AreNone || set.Known is not null || set.SamplesKey is not null || models.Count == 0)
            return set;
        var isNeeded = models.Any(model => model.NeedsNames);
        if (!isNeeded && set.Samples.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            return set; // only to look for names, all of it would be unpacked
        var (names, isTable) = TransferSet.NamesIn(set);
        if (!isNeeded)
            return !isTable && names.Count > 1 && !names.Intersect(TransferSetOptions.UsualSamples).Any() && models.Select(model => model.Inputs is [var only] ? only.Name : "").Distinct().ToArray() is [var same] && names.Contains(same)
                ? set with { SamplesKey = same }
                : set;
        string[] wanted = [.. models.Where(model => model.NeedsNames).SelectMany(model => model.Inputs).Select(input => input.Name).Distinct()];
        if (names.Count == 0 && AreColumnsOf(set, models.First(model => model.NeedsNames)))
            return set with { Inputs = new([.. wanted.Select(name => new InputSource(name))]) };
        string[] missing = [.. wanted.Except(names)];
        if (missing.Length > 0)
            throw Missing(set, models.First(model => model.NeedsNames), names, isTable, missing, key, otherwise);
        // What others read of the same file by its name goes with it.
        var others = models.Where(model => !model.NeedsNames).SelectMany(model => model.Inputs).Select(input => input.Name).Where(names.Contains);
        return set with { Inputs = new([.. wanted.Union(others).Select(name => new InputSource(name))]), Table = isTable ? WithTexts(set.Table, models) : set.Table };
    }

    /// <summary>Columns that feed inputs of texts are texts as they are written, numbers too.</summary>
    private static TableOptions WithTexts(TableOptions table, IReadOnlyList<ReadingModel> models) => table with
    {
        Texts =
        [
            .. table.Texts.Union(models.SelectMany(model => model.Inputs).Where(input => input.Input.Type?.TensorType?.ElemType == (int)TensorProto.Types.DataType.String)
                .Select(input => input.Name).Where(name => table.Categories.All(known => known.Column != name))),
        ],
    };

    /// <summary>Chooses inputs, and the one of them that is a mask.</summary>
    /// <inheritdoc cref="Choose"/>
    public static TransferSetOptions ChooseAll(TransferSetOptions set, IReadOnlyList<ReadingModel> models, string key) => WithMask(Choose(set, models, key), models);

    /// <summary>
    /// Finds which of a set's inputs is a mask: the name that masks have tells, unless the samples say that 1 is padding; of what has another name, only the samples.
    /// </summary>
    /// <param name="set">A set.</param>
    /// <param name="models">What reads it.</param>
    /// <returns>The set; the same where it says itself, a usual name does, or none is one.</returns>
    public static TransferSetOptions WithMask(TransferSetOptions set, IReadOnlyList<ReadingModel> models)
    {
        string[] names = [.. set.Inputs.All.Select(input => input.Name)];
        var usual = MaskChoice.Usual.FirstOrDefault(names.Contains);
        if ((set.Mask ?? set.Padding) is not null || (usual ?? models.Select(model => model.Mask).FirstOrDefault(names.Contains)) is not { } name)
            return set;
        var meaning = set.Inputs.All.First(input => input.Name == name).IsOfLengths ? MaskMeaning.Counted : MeaningOf(set, name);
        return meaning switch
        {
            MaskMeaning.Padding => set with { Padding = name },
            MaskMeaning.Counted when usual is null => set with { Mask = name },
            _ => set,
        };
    }

    private static MaskMeaning MeaningOf(TransferSetOptions set, string name)
    {
        try
        {
            using var opened = Open(set with { Mask = TransferSetOptions.NoMask });
            return MaskEvidence.Of(opened, name);
        }
        catch (OnnxKdException)
        {
            return MaskMeaning.Unclear; // refused where it is used, which says more
        }
    }

    /// <summary>Whether a file without names holds a column for each input, of which each takes one number.</summary>
    private static bool AreColumnsOf(TransferSetOptions set, ReadingModel model)
    {
        if (!model.Inputs.All(input => input.Input.Type?.TensorType is not null && input.Input.ShapeOf() is { Count: > 0 } shape && shape.Skip(1).All(axis => axis.Size == 1)))
            return false;
        using var opened = Open(set);
        return opened.SampleShape is [var width] && width == model.Inputs.Count;
    }

    /// <summary>Refuses inputs that no model reads.</summary>
    /// <param name="set">A set with inputs.</param>
    /// <param name="models">All models.</param>
    /// <exception cref="InputException">Lists both sides.</exception>
    public static void RequireUsed(TransferSetOptions set, IReadOnlyList<ReadingModel> models)
    {
        string[] read = [.. models.SelectMany(model => model.Inputs).Select(input => input.Name).Distinct()];
        if (read.Length > 0 && set.Inputs.All.FirstOrDefault(input => !read.Contains(input.Name)) is { } extra)
            throw new InputException(
                "No model reads an input of the samples.", $"{set.Samples}, inputs", $"'{extra.Name}' among {string.Join(", ", set.Inputs.All.Select(input => input.Name))}",
                $"inputs of the models: {string.Join(", ", read)}",
                Suggestions.Nearest(extra.Name, read) is { } nearest ? $"did you mean '{nearest}'? Else remove it" : $"remove it, or say under a model what it feeds: inputs: {YamlWord.Map(("INPUT", extra.Name))}");
    }

    private static TransferSet Open(TransferSetOptions set) =>
        TransferSet.Open(set with { Labels = null, LabelsKey = null, Lengths = null, LengthsKey = null, Groups = null, GroupsKey = null, Texts = null, Classes = null, Modalities = SetModalities.None, Table = set.Table with { Texts = [] } });

    private static InputException Missing(TransferSetOptions set, ReadingModel model, IReadOnlyList<string> names, bool isTable, string[] missing, string? key, string? otherwise) => new(
        "A model has inputs that the samples do not have by their names.",
        $"{set.Samples}, for {model.File}",
        names.Count == 0 ? $"one tensor without a name for {model.Inputs.Count} inputs" : $"{(isTable ? "columns" : "tensors")} {string.Join(", ", names)}",
        $"{string.Join(", ", model.Inputs.Select(input => $"{input.Name} {TypeOf(input.Input)}"))}; missing: {string.Join(", ", missing)}",
        Array.Find(missing, name => Suggestions.Nearest(name, [InputFeed.Zeros]) is not null) is { } slip && model.Inputs.All(input => input.Input.Name != slip) ? $"did you mean '{InputFeed.Zeros}' in place of '{slip}' under the model's inputs?"
            : key is null ? otherwise ?? $"give a file that has {(isTable ? "a column" : "a tensor")} of each name"
            : $"say where they lie: {key}.inputs: {YamlWord.Map(model.Inputs.Select(input => (input.Name, missing.Contains(input.Name) ? "FILE" : $"#{input.Name}")))} (FILE, \"FILE#KEY\" or \"#KEY\");"
            + (key.StartsWith("--set", StringComparison.Ordinal) ? $" what is no sample gets a constant: --set student.inputs.{missing[^1]}={InputFeed.Zeros}, of a teacher --set teachers.0.inputs.{missing[^1]}={InputFeed.Zeros}"
                : $" what is no sample gets a constant under the model: inputs: {YamlWord.Map((missing[^1], InputFeed.Zeros))}"));

    private static string TypeOf(ValueInfoProto input) => input.Type?.TensorType is null
        ? ""
        : $"{TensorTypes.Name(input.DataTypeOf()).ToLowerInvariant()} {Shapes.Format(input.ShapeOf() ?? [])}";
}
