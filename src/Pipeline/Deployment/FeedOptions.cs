using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Stages;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Deployment;

/// <summary>A file of samples.</summary>
/// <param name="Input">The input that it is for; <c>null</c>: the only one.</param>
/// <param name="File">The file.</param>
internal sealed record SampleFile(string? Input, string File);

/// <summary>What a model is fed with.</summary>
/// <param name="Samples">Files of samples; none: values are made up.</param>
/// <param name="Axes">Lengths of axes that the model leaves open.</param>
/// <param name="Preprocessing">What is done to samples of float inputs.</param>
internal sealed record FeedOptions(IReadOnlyList<SampleFile> Samples, IReadOnlyDictionary<string, long> Axes, Preprocessing Preprocessing)
{
    /// <summary>Opens the files.</summary>
    /// <exception cref="InputException">One is missing or wrong.</exception>
    public OpenFeeds Open() => new(this);
}

/// <summary>The open files of samples.</summary>
internal sealed class OpenFeeds : IDisposable
{
    private readonly FeedOptions options;
    private readonly List<TransferSet> sets = [];

    /// <summary>Opens them.</summary>
    public OpenFeeds(FeedOptions options)
    {
        this.options = options;
        foreach (var file in options.Samples)
            sets.Add(TransferSet.Open(new() { Samples = file.File }));
    }

    /// <summary>Plans the feeds of a model.</summary>
    /// <param name="session">The model.</param>
    /// <param name="model">Its file, for messages.</param>
    /// <exception cref="InputException">It is not clear which input samples are for, or they do not fit.</exception>
    public ModelFeeds For(ModelSession session, string model)
    {
        var readers = new Dictionary<string, SampleReader>(StringComparer.Ordinal);
        foreach (var (file, set) in options.Samples.Zip(sets))
        {
            var input = file.Input ?? OnlyInput(session, file, model);
            var isFloat = session.Inputs.Any(known => known.Name == input && Core.Tensors.ElementTypes.IsFloat(known.Type));
            if (!readers.TryAdd(input, SampleReader.Of(set, isFloat ? options.Preprocessing : Preprocessing.None)))
                throw new InputException("Samples are given twice for one input.", $"input '{input}' of {model}", file.File, "one file for each input");
        }
        return ModelFeeds.Of(session, options.Axes, readers, model);
    }

    /// <inheritdoc/>
    public void Dispose() => sets.ForEach(set => set.Dispose());

    private static string OnlyInput(ModelSession session, SampleFile file, string model) => session.Inputs is [var only] ? only.Name : throw new InputException(
        "It is not clear which input the samples are for.", model, file.File, $"one file for each of {string.Join(", ", session.Inputs.Select(input => input.Name))}",
        $"say --samples INPUT=FILE for each");
}
