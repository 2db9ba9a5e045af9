using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>The teachers of a capture, open and agreed on their classes, with the samples as each of them wants to see them.</summary>
internal sealed class TeacherEnsemble : IDisposable
{
    private readonly List<Member> members = [];
    private readonly List<SampleReader> readers = [];
    private readonly List<Preprocessing> preprocessings = [];
    private readonly CaptureOptions options;
    private readonly EnsembleMean? mean;

    /// <summary>Opens every teacher.</summary>
    public TeacherEnsemble(TransferSet set, CaptureOptions options)
    {
        this.options = options;
        try
        {
            var total = options.Teachers.Sum(t => t.Weight);
            foreach (var teacher in options.Teachers)
                members.Add(Open(set, teacher, teacher.Weight / total));
            if (members.Count > 1)
                mean = new(Combination, [.. members.Select(m => m.Weight)], Classes);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Values per row.</summary>
    public int Classes => members[0].Session.Classes;

    /// <summary>Where the teachers run.</summary>
    public string Provider => members[0].Session.Provider;

    /// <summary>Why <c>auto</c> did not choose CUDA.</summary>
    public string? ProviderNote => members[0].Session.ProviderNote;

    /// <summary>Samples per batch: what was asked for, rounded up to whole runs of a model whose batch is fixed, so that none is padded.</summary>
    public int BatchSize => members.Select(m => m.Session.FixedBatch ?? 1).Aggregate(options.BatchSize, (size, batch) => (size + batch - 1) / batch * batch);

    private Combination Combination => members.Count == 1 ? Combination.Single : options.Combination;

    private StreamKind Kind =>
        Combination != Combination.MeanOfProbabilities && members.TrueForAll(m => m.Session.Kind == StreamKind.Logit)
            ? StreamKind.Logit
            : StreamKind.LogProbability;

    /// <summary>Everything that decides the numbers.</summary>
    public CacheIdentity Identity(TransferSet set) => new()
    {
        Teachers = [.. members.Select(m => m.Identity)],
        Combination = Combination,
        Streams = [new("logits", members[0].Identity.Output, members.Count == 1 ? 0 : null, Kind, [Classes], new Float32())],
        Provider = Provider,
        Precision = "fp32",
        Augmentation = options.Augmentation,
        Seed = options.Augmentation.IsNone ? 0 : options.Seed,
        Views = options.Views,
        SamplesDigest = set.SamplesDigest,
        Samples = set.Count,
        FirstId = set.IdOf(0),
    };

    /// <summary>Makes the buffers of a batch.</summary>
    public Batch CreateBatch(TransferSet set) => new(
        BatchSize, [.. readers.Select(_ => set.SampleElements)], [.. members.Select(_ => Classes)]);

    /// <summary>Reads the samples of a batch, once for each way of preprocessing.</summary>
    public void Read(Batch batch)
    {
        for (var slot = 0; slot < readers.Count; slot++)
            batch.Read(slot, readers[slot]);
    }

    /// <summary>Runs every teacher on a batch.</summary>
    public void Run(Batch batch)
    {
        for (var t = 0; t < members.Count; t++)
            members[t].Session.Run(batch.Samples(members[t].Slot), batch.Count, batch.Logits(t).Span);
    }

    /// <summary>Checks and combines what the teachers gave.</summary>
    /// <returns>rows × classes values.</returns>
    /// <exception cref="InputException">A value is NaN or infinite; names the teacher, the sample and the class.</exception>
    public ReadOnlyMemory<float> Combine(Batch batch, TransferSet set)
    {
        var logits = new Memory<float>[members.Count];
        for (var t = 0; t < members.Count; t++)
        {
            logits[t] = batch.Logits(t);
            RequireFinite(logits[t].Span, batch, set, members[t].Identity);
        }

        mean?.CombineIntoFirst(logits);
        return logits[0];
    }

    /// <inheritdoc/>
    public void Dispose() => members.ForEach(m => m.Session.Dispose());

    private Member Open(TransferSet set, TeacherOptions teacher, double weight)
    {
        var model = OnnxModel.Load(teacher.Model);
        var session = OnnxClassifier.Open(model, set.SampleShape, teacher.Output, options.Device, options.Threads);
        if (members.Count > 0 && session.Classes != Classes)
        {
            session.Dispose();
            throw new InputException(
                "The teachers of an ensemble have different numbers of classes.", teacher.Model, $"{session.Classes} classes",
                $"{Classes}, as {members[0].Identity.File} has");
        }

        var identity = new CachedTeacher(
            Path.GetFileName(teacher.Model), model.Digest, session.Input, session.Output, session.Kind, weight, teacher.Preprocessing);
        return new(session, identity, weight, SlotOf(set, teacher.Preprocessing));
    }

    private int SlotOf(TransferSet set, Preprocessing wanted)
    {
        var slot = preprocessings.FindIndex(p =>
            p.Scale == wanted.Scale && p.ChannelAxis == wanted.ChannelAxis && p.Mean.SequenceEqual(wanted.Mean) && p.Std.SequenceEqual(wanted.Std));
        if (slot >= 0)
            return slot;
        preprocessings.Add(wanted);
        readers.Add(new(set, wanted, options.Augmentation, options.Seed));
        return readers.Count - 1;
    }

    private void RequireFinite(ReadOnlySpan<float> logits, Batch batch, TransferSet set, CachedTeacher teacher)
    {
        var at = logits.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (at < 0)
            return;
        var (sample, view) = batch.Source(at / Classes);
        throw new InputException(
            "A teacher gave a value that is not a finite number.",
            $"{teacher.File}, tensor '{teacher.Output}', sample {set.IdOf(sample)} of {set.Name}{(options.Views > 1 ? $", view {view}" : "")}, class {at % Classes}",
            $"{logits[at]}", "a finite number",
            "look at that sample and at the preprocessing; batches before it are stored, and capturing again goes on from there");
    }

    /// <summary>One open teacher.</summary>
    /// <param name="Session">Its session.</param>
    /// <param name="Identity">Its entry in the manifest.</param>
    /// <param name="Weight">Its share.</param>
    /// <param name="Slot">Which of the ways of preprocessing it is fed with.</param>
    private sealed record Member(OnnxClassifier Session, CachedTeacher Identity, double Weight, int Slot);
}
