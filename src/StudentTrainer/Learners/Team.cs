using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>The learners of a training: one, or several that may learn from one another.</summary>
internal sealed class Team : IDisposable
{
    private Team(IReadOnlyList<Learner> learners, IReadOnlyList<StreamForm> streams, IReadOnlyList<(StreamForm Form, int Rows)> draws) =>
        (Learners, Streams, Draws) = (learners, streams, draws);

    /// <summary>The learners.</summary>
    public IReadOnlyList<Learner> Learners { get; }

    /// <summary>The streams of the cache that terms read, each once.</summary>
    public IReadOnlyList<StreamForm> Streams { get; }

    /// <summary>Rows of streams that terms read beside the batch's own, each once.</summary>
    public IReadOnlyList<(StreamForm Form, int Rows)> Draws { get; }

    /// <summary>Whether a term reads the set's labels.</summary>
    public bool ReadLabels => Learners.Any(learner => learner.Objective.FromLabels.Any());

    /// <summary>Imports the students, finds every signal that terms read, adds what only training has, and compiles.</summary>
    /// <param name="options">The students.</param>
    /// <param name="data">The samples.</param>
    /// <param name="cached">The streams of the cache.</param>
    /// <param name="training">How.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="InputException">Something does not fit.</exception>
    /// <exception cref="UnsupportedModelException">A student cannot be trained.</exception>
    public static Team Assemble(
        IReadOnlyList<LearnerOptions> options, TrainingData data, IReadOnlyList<CacheStream> cached, TrainingOptions training, Device device)
    {
        RequireNames(options);
        var terms = options.ToDictionary(learner => learner.Name, learner => learner.Objective, StringComparer.Ordinal);
        LearnerDraft[] drafts =
            [.. options.Select(learner => LearnerDraft.Import(learner, LearnerTaps.Of(learner.Name, learner.Import, learner.Attachments, terms), data, training.Seed))];
        var catalog = new SignalCatalog(cached, drafts.ToDictionary(draft => draft.Options.Name, draft => draft.Tensors, StringComparer.Ordinal));
        Objective[] objectives = [.. drafts.Select(draft => Objective.Bind(draft, catalog))];
        var sources = objectives.SelectMany(objective => objective.Sources).ToList();
        var learners = drafts.Zip(objectives, (draft, objective) => Learner.Compile(
            draft, objective, sources.Where(source => source.Learner == draft.Options.Name).Select(source => source.Tensor!), data, training, device));
        var streams = sources.Where(source => source is { Stream: not null, Use.Drawn: 0 }).Select(source => source.Stream!).Distinct().Select(catalog.Form);
        foreach (var form in streams.Concat(sources.Select(source => source.Like).OfType<OutputForm>()).Distinct())
            Measure(form, data.Cache);
        var draws = sources.Where(source => source.Use.Drawn > 0).Select(source => (source.Stream!, source.Use.Drawn)).Distinct();
        return new(
            [.. learners], [.. streams],
            [.. draws.Select(draw => (catalog.Form(draw.Item1), draw.Drawn))]);
    }

    /// <summary>Opens the batches of the set with all that terms read.</summary>
    public TrainingBatches OpenBatches(TrainingData data, TrainingOptions options, Device device) =>
        TrainingBatches.Open(data, Streams, ReadLabels ? Learners[0].Output.Positions : null, options, device, Draws);

    /// <summary>The signals of a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="forward">Runs a learner on it.</param>
    public StepSignals Signals(Batch batch, Func<Learner, IReadOnlyDictionary<string, Tensor>> forward) =>
        new(batch, Learners.ToDictionary(learner => learner.Name, forward, StringComparer.Ordinal));

    /// <summary>Brings what only training adds to trained students into line with what they compute.</summary>
    public void Calibrate(TrainingBatches batches)
    {
        foreach (var learner in Learners.Where(learner => learner.Graph.Overlay?.Count > 0 && learner.Graph.KeepsWeights))
            OverlayCalibration.Run(learner.Graph, learner.Weights, batches);
    }

    /// <summary>Makes the optimizers.</summary>
    /// <param name="learned">The names of the weights that get a gradient, for each learner.</param>
    public void Start(IEnumerable<IReadOnlySet<string>> learned)
    {
        foreach (var (learner, names) in Learners.Zip(learned))
            learner.Start(names);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var learner in Learners)
            learner.Dispose();
    }

    /// <summary>Values are compared in units of their spread.</summary>
    private static void Measure(StreamForm form, LogitCache? cache)
    {
        if (form is OutputForm { Kind: SignalKind.Values } values && cache is not null && ColumnStatistics.Of(cache, form.Stream) is var columns)
            (values.Scale, values.PulledIn) = (columns.Scale, columns.PulledIn?.Scale);
        if (form is OutputForm { Kind: SignalKind.Detections } boxes && cache is not null)
            boxes.Scale = new([.. AnchorStatistics.Of(cache, form.Stream).Deviations, .. Enumerable.Repeat(1f, form.Stream.Classes - DetectorForm.BoxColumns)]);
    }

    private static void RequireNames(IReadOnlyList<LearnerOptions> options)
    {
        if (options.Count == 0)
            throw new InputException("There is no student to train.", "learners", expected: "one or more");
        if (options.GroupBy(learner => learner.Name).FirstOrDefault(group => group.Count() > 1) is { } repeated)
            throw new InputException("Two learners have the same name.", "learners", repeated.Key, "each name once");
        if (options.Count > 1 && options.FirstOrDefault(learner => learner.Name is SignalPath.Self or "" || learner.Name.Contains('/')) is { } wrong)
            throw new InputException(
                "A learner beside others cannot have this name.", "learners", $"'{wrong.Name}'",
                $"a name without '/', other than '{SignalPath.Self}', which is how each calls itself");
    }
}
