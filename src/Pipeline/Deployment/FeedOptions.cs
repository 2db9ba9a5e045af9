using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Deployment;

/// <summary>A file of samples, or a number in their place.</summary>
/// <param name="Input">The input that it is for; <c>null</c>: the only one, or all, by the names in the file.</param>
/// <param name="File">The file, or the number.</param>
/// <param name="Key">The tensor or column in it; <c>null</c>: the only one.</param>
/// <param name="Constant">The number; <c>null</c>: it is a file.</param>
internal sealed record SampleFile(string? Input, string File, string? Key = null, double? Constant = null);

/// <summary>What a model is fed with.</summary>
/// <param name="Samples">Files of samples; none: values are made up.</param>
/// <param name="Axes">Lengths of axes that the model leaves open.</param>
/// <param name="Preprocessing">What is done to samples of float inputs.</param>
internal sealed record FeedOptions(IReadOnlyList<SampleFile> Samples, IReadOnlyDictionary<string, long> Axes, Preprocessing Preprocessing)
{
    /// <summary>The files among them.</summary>
    public IEnumerable<string> Files => Samples.Where(sample => sample.Constant is null).Select(sample => sample.File);

    /// <summary>Prepares to open the files, for a model each time.</summary>
    public OpenFeeds Open() => new(this);
}

/// <summary>The open files of samples.</summary>
/// <param name="options">Which.</param>
internal sealed class OpenFeeds(FeedOptions options) : IDisposable
{
    private const string HowToSay = "say for each input --samples INPUT=FILE, INPUT=FILE#KEY, or for what is no sample INPUT=NUMBER";

    private readonly List<TransferSet> sets = [];
    private Func<string, string?> metadata = _ => null;

    /// <summary>Plans the feeds of a model.</summary>
    /// <param name="session">The model.</param>
    /// <param name="model">Its file, for messages.</param>
    /// <exception cref="InputException">A file is missing or wrong, it is not clear which input samples are for, or they do not fit.</exception>
    public ModelFeeds For(ModelSession session, string model)
    {
        metadata = key => session.Metadata.GetValueOrDefault(key);
        var fed = new Dictionary<string, InputSamples>(StringComparer.Ordinal);
        foreach (var feed in Described(session))
            fed[feed.Input] = new(null, Constant: feed.Constant);
        foreach (var file in options.Samples.OrderBy(file => file.Input is null))
            foreach (var (input, samples) in file.Input is null && NeedsNames(session) ? Named(session, file, fed.Keys, model) : [One(session, file, model)])
                if (!fed.TryAdd(input, samples))
                    throw new InputException("Samples are given twice for one input.", $"input '{input}' of {model}", file.File, "one file for each input");
        return ModelFeeds.Of(session, options.Axes, fed, model);
    }

    /// <inheritdoc/>
    public void Dispose() => sets.ForEach(set => set.Dispose());

    /// <summary>Whether inputs are told apart by names: there are several, or one of texts.</summary>
    private static bool NeedsNames(ModelSession session) => session.Inputs.Count > 1 || session.Inputs.Any(input => input.IsText);

    /// <summary>What a student of ours says itself of inputs that are no samples, where no option does.</summary>
    private IEnumerable<InputFeed> Described(ModelSession session) => InputMetadata.Of(session.Metadata).All.Where(
        feed => feed.From is null && session.Inputs.Any(input => input.Name == feed.Input) && options.Samples.All(sample => sample.Input != feed.Input));

    private (string Input, InputSamples Samples) One(ModelSession session, SampleFile file, string model)
    {
        var input = file.Input ?? session.Inputs.FirstOrDefault()?.Name ?? throw new InputException("The model takes no samples.", model, "no input", "an input");
        if (file.Constant is { } constant)
            return (input, new(null, Constant: constant));
        var known = session.Inputs.FirstOrDefault(each => each.Name == input);
        if (known?.IsText == true)
        {
            var texts = Open(new() { Samples = file.File, Inputs = new([new(input, null, file.Key ?? input)]) });
            return (input, new(SampleReader.Of(texts, Preprocessing.None), texts.SampleShape.Parts[0]));
        }
        var isFloat = known is not null && Core.Tensors.ElementTypes.IsFloat(known.Type);
        return (input, new(SampleReader.Of(Open(new() { Samples = file.File, SamplesKey = file.Key, Table = TableMetadata.Complete(new(), metadata) }), isFloat ? options.Preprocessing : Preprocessing.None)));
    }

    /// <summary>One file for all inputs that nothing else feeds: tensors or columns of their names.</summary>
    private IEnumerable<(string Input, InputSamples Samples)> Named(ModelSession session, SampleFile file, IEnumerable<string> others, string model)
    {
        ValueInfoProto[] open = [.. session.Inputs.Where(input => !others.Contains(input.Name)).Select(Declare)];
        var reading = new ReadingModel(Path.GetFileName(model), [.. open.Select(input => (InputFront.PartFor(input.Name), input))]);
        var chosen = InputChoice.Choose(new() { Samples = file.File }, [reading], key: null, HowToSay);
        if (chosen.Inputs.AreNone) // one is left, of numbers
            return [One(session, file with { Input = open[0].Name, Key = chosen.SamplesKey }, model)];
        var set = Open(chosen);
        if (!session.IsOrtFormat) // of that nothing is known but inputs and outputs
            SampleChecks.Of(set, [new(reading.File, () => OnnxModel.Load(model), new([.. others.Select(other => new InputFeed(other, null))]), options.Preprocessing)]).Require(CancellationToken.None);
        var reader = SampleReader.Of(set, options.Preprocessing);
        return [.. open.Select(input => (input.Name, new InputSamples(reader, set.SampleShape.Find(InputFront.PartFor(input.Name)))))];
    }

    private static ValueInfoProto Declare(SessionTensor input)
    {
        var declared = ValueInfo.Create(input.Name, input.Type, [.. input.Shape]);
        if (input.IsText)
            declared.Type.TensorType.ElemType = (int)TensorProto.Types.DataType.String;
        return declared;
    }

    private TransferSet Open(TransferSetOptions file)
    {
        var set = TransferSet.Open(file);
        sets.Add(set);
        return set;
    }
}
