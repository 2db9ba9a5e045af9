using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Recorded;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>The teachers of a capture, open and agreed on their classes, with the samples as each of them wants to see them.</summary>
internal sealed class TeacherEnsemble : IDisposable
{
    // Rows that are only copied: enough at a time to be worth a worker's turn.
    private const int RecordedRowsPerRun = 256;

    private readonly List<Member> members = [];
    private readonly SampleSlots slots;
    private readonly TransferSet set;
    private readonly CaptureOptions options;
    private readonly EnsembleMean? mean;
    private readonly List<Source> sources = [];
    private readonly List<string> notes = [];

    /// <summary>Opens every teacher.</summary>
    public TeacherEnsemble(TransferSet set, CaptureOptions options)
    {
        (this.set, this.options, slots) = (set, options, new(set, options));
        try
        {
            var total = options.Teachers.Sum(t => t.Weight);
            foreach (var teacher in options.Teachers)
                members.Add(Open(teacher, teacher.Weight / total));
            if (Combines)
                mean = new(Combination, CombinedKind, [.. members.Select(m => m.Weight)], members[0].Teacher.Outputs[0].Classes);
            for (var t = 0; t < members.Count; t++)
                AddSources(t, options.Teachers[t], sources.Count);
            StreamNames.RequireDistinct(Streams.Select(stream => stream.Name));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What is stored for each row.</summary>
    public IReadOnlyList<CacheStream> Streams => [.. sources.Where(s => s.IsStored).Select(s => s.Stream)];

    /// <summary>Where the teachers run.</summary>
    public string Provider => Lead?.Provider ?? ExecutionDevice.Cpu;

    /// <summary>Why <c>auto</c> did not choose CUDA.</summary>
    public string? ProviderNote => Lead?.ProviderNote;

    /// <summary>How many threads should read, run and encode.</summary>
    public int Workers => Lead?.Workers ?? Processors;

    // On the CPU every processor has a worker already. With a GPU they have little else to do.
    private int EncodingThreads => Lead?.RunsOnHost ?? true ? 1 : Math.Max(1, Processors / 2);

    private int Processors => options.Threads ?? Environment.ProcessorCount;

    /// <summary>The first model, which all run beside; <c>null</c>: no model runs.</summary>
    private OnnxClassifier? Lead => Sessions.FirstOrDefault();

    private IEnumerable<OnnxClassifier> Sessions => members.Select(member => member.Teacher).OfType<ModelTeacher>().Select(teacher => teacher.Session);

    private bool Combines => options.Teachers.Count > 1 && options.Combination != Combination.Single;

    private Combination Combination => Combines ? options.Combination : Combination.Single;

    /// <summary>What each teacher gives, and how that is known: a sentence each.</summary>
    public IReadOnlyList<string> Readings =>
    [
        .. notes,
        .. from member in members
           from output in member.Teacher.Outputs
           where output.Kind.Output() is not null
           let kind = output.Kind.Output()!.Value
           select $"{member.Identity.File}: {kind.Count(output.Classes)} from '{output.Tensor}' ({output.Evidence})",
    ];

    /// <summary>Labels that are for what the first teacher gives must be classes of it.</summary>
    /// <exception cref="InputException">One is none.</exception>
    public void RequireLabelsFit()
    {
        var first = members[0].Teacher.Outputs[0];
        if (first.Kind.Output() == OutputKind.Classes && set.HasLabelsFor(first.Shape))
            set.RequireLabelsBelow(first.Classes);
    }

    /// <summary>A number of rows, rounded up to whole runs of a model whose batch is fixed, so that none is padded.</summary>
    public int RoundUp(int rows) =>
        Sessions.Select(session => session.FixedBatch ?? 1).Aggregate(rows, (size, batch) => (size + batch - 1) / batch * batch);

    /// <summary>How many rows of a batch are run together, at most.</summary>
    public int RowsPerRun(int batchSize) => Math.Min(batchSize, RoundUp(Math.Min(batchSize, Sessions.Select(session => session.RowsPerRun).DefaultIfEmpty(RecordedRowsPerRun).Min())));

    /// <summary>Everything that decides the numbers.</summary>
    public CacheIdentity Identity() => new()
    {
        Teachers = [.. members.Select(m => m.Identity)],
        Combination = Combination,
        Streams = Streams,
        Provider = Provider,
        Precision = options.Precision.ToString().ToLowerInvariant(),
        Integers = Sessions.Any(session => session.ComputesIntegers) ? ProcessorClass.Integers : null,
        Augmentation = options.Augmentation,
        Seed = options.Augmentation.IsNone && options.Storage is not Sampled ? 0 : options.Seed,
        Views = options.Views,
        SamplesDigest = set.SamplesDigest,
        Samples = set.Count,
        FirstId = set.IdOf(0),
    };

    /// <summary>Bytes that a row takes in the buffers of a batch.</summary>
    public long BufferBytesPerRow => sizeof(float) * ((long)slots.Count * set.SampleElements + sources.Sum(s => (long)s.Output.ValuesPerRun));

    /// <summary>Makes buffers.</summary>
    /// <param name="capacity">Rows at most.</param>
    /// <param name="allocate">Makes memory; default: such as the device copies from and to fastest, which lives as long as the teachers.</param>
    public RunBuffers CreateBuffers(int capacity, Func<int, Memory<float>>? allocate = null) => new(
        capacity, [.. Enumerable.Repeat(set.SampleElements, slots.Count)], [.. sources.Select(s => s.Output.ValuesPerRun)],
        allocate ?? (Lead is { } lead ? lead.AllocateHost : static length => new float[length]));

    /// <summary>Reads the samples of a run, once for each way of preprocessing. Thread-safe, as are the others, each with buffers of its own.</summary>
    public void Read(RunBuffers run) => slots.Read(run);

    /// <summary>Runs every teacher.</summary>
    public void Run(RunBuffers run)
    {
        for (int t = 0, first = 0; t < members.Count; first += members[t++].Teacher.Outputs.Count)
        {
            var results = new Memory<float>[members[t].Teacher.Outputs.Count];
            for (var i = 0; i < results.Length; i++)
                results[i] = run.Result(first + i);
            members[t].Teacher.Run(run, results);
        }
    }

    /// <summary>Combines what the teachers gave.</summary>
    /// <returns>For each stream rows × its values, or what a session has picked of them.</returns>
    /// <exception cref="InputException">A value to be combined is NaN or infinite; names the teacher, the sample and the place.</exception>
    public ReadOnlyMemory<float>[] Combine(RunBuffers run)
    {
        RequireFinite(run, source => source.IsCombined);
        var all = Enumerable.Range(0, sources.Count);
        mean?.CombineIntoFirst([.. all.Where(i => sources[i].IsCombined).Select(run.Result)]);
        return [.. all.Where(i => sources[i].IsStored).Select(i => (ReadOnlyMemory<float>)run.Result(i))];
    }

    /// <summary>Combines what the teachers gave and makes the bytes to store.</summary>
    /// <param name="run">What the teachers gave.</param>
    /// <param name="rows">Which rows they are.</param>
    /// <param name="encoder">Encodes them.</param>
    /// <param name="stored">The rows' bytes.</param>
    /// <exception cref="InputException">A value is NaN or infinite; names the teacher, the sample and the place.</exception>
    /// <exception cref="CheckFailedException">A value is too large for its storage.</exception>
    public void Encode(RunBuffers run, RowRange rows, RowEncoder encoder, Memory<byte> stored)
    {
        try
        {
            encoder.Encode(rows, Combine(run), stored, EncodingThreads);
        }
        catch (CheckFailedException)
        {
            // Encoding looks at every value anyway. That one is no number is worth another look, to say which teacher gave it.
            RequireFinite(run, _ => true);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => members.ForEach(member => member.Teacher.Dispose());

    private Member Open(TeacherOptions teacher, double weight)
    {
        ITeacher open = teacher.IsRecorded ? RecordedTeacher.Open(teacher, set) : OpenModel(teacher);
        if (members.Count > 0 && options.Combination != Combination.Single)
            RequireAlike(open, teacher);
        return new(open, open.Identity(weight), weight);
    }

    private ModelTeacher OpenModel(TeacherOptions teacher)
    {
        var model = OnnxModel.Load(teacher.Model);
        if (model.IsSorted)
            notes.Add($"{teacher.File}: its nodes were out of order, and are sorted");
        ModelReading[] readings =
        [
            new() { Tensor = teacher.Output, Kind = teacher.Kind, ClassAxis = teacher.ClassAxis, Probabilities = teacher.Probabilities, Picks = Combines ? null : options.Storage as TopK },
            .. teacher.Outputs.Select(tapped => new ModelReading { Tensor = tapped.Tensor, Kind = teacher.Kind, Picks = options.Storage as TopK }),
            .. teacher.Features.Select(tapped => new ModelReading { Tensor = tapped.Tensor, IsFeature = true }),
        ];
        var settings = new SessionSettings
        {
            Device = options.Device, Threads = options.Threads, Precision = options.Precision, PicksInSession = options.PicksInSession,
            Known = set.Labels.Length > 0 || options.Labelled is not { } other || !other.SampleShape.SequenceEqual(set.SampleShape) ? set : other,
            KnownPreprocessing = teacher.Preprocessing,
        };
        var session = OnnxClassifier.Open(model, set.SampleShape, readings, settings);
        return new(teacher, model.Digest, session, slots.Of(teacher.Preprocessing));
    }

    private void RequireAlike(ITeacher open, TeacherOptions teacher)
    {
        var (found, expected) = (open.Outputs[0], members[0].Teacher.Outputs[0]);
        if (found.Shape.SequenceEqual(expected.Shape) && found.Kind.Output() == expected.Kind.Output())
            return;
        open.Dispose();
        throw new InputException(
            "The teachers of an ensemble give different things.", teacher.Place, Describe(found),
            $"{Describe(expected)}, as {members[0].Identity.File} has", "keep them apart (combination: none)");

        static string Describe(ModelOutput output) =>
            output.Positions == 1
                ? output.Kind.Output()!.Value.Count(output.Classes)
                : $"{output.Kind.Output()!.Value.Word()} {Shapes.Format(output.Shape)} (the last axis counts them)";
    }

    /// <summary>Says what becomes of everything that a teacher gives.</summary>
    private void AddSources(int index, TeacherOptions teacher, int first)
    {
        var outputs = members[index].Teacher.Outputs;
        var name = members.Count > 1 ? StreamNames.OfTeacher(teacher, index) : null;
        for (var i = 0; i < outputs.Count; i++)
        {
            var tapped = i == 0 ? null : i <= teacher.Outputs.Count ? teacher.Outputs[i - 1] : teacher.Features[i - 1 - teacher.Outputs.Count];
            var storage = outputs[i].Kind == StreamKind.Feature ? options.FeatureStorage : options.Storage;
            var stream = new CacheStream(
                tapped is not null ? StreamNames.Of(tapped, name) : Combines ? StreamNames.Logits : name ?? StreamNames.Logits,
                outputs[i].Tensor, index, outputs[i].Kind, outputs[i].Shape, storage);
            var isCombined = Combines && i == 0;
            if (isCombined && index == 0)
                stream = stream with { Teacher = null, Kind = CombinedKind };
            sources.Add(new(outputs[i], members[index].Identity.File, stream, isCombined, IsStored: !isCombined || index == 0));
        }
    }

    private StreamKind CombinedKind =>
        members[0].Teacher.Outputs[0].Kind.Output() != OutputKind.Classes ? members[0].Teacher.Outputs[0].Kind
        : options.Combination == Combination.MeanOfLogits && members.TrueForAll(m => m.Teacher.Outputs[0].Kind == StreamKind.Logit)
            ? StreamKind.Logit
            : StreamKind.LogProbability;

    private void RequireFinite(RunBuffers run, Func<Source, bool> which)
    {
        for (var i = 0; i < sources.Count; i++)
            if (which(sources[i]))
                RequireFinite(run.Result(i).Span, run, sources[i]);
    }

    private void RequireFinite(ReadOnlySpan<float> values, RunBuffers run, Source source)
    {
        var at = values.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (at < 0)
            return;
        var perRow = source.Output.ValuesPerRun;
        var (row, index) = Math.DivRem(at, perRow);
        var (sample, view) = run.Source(row);
        throw new InputException(
            "A teacher gave a value that is not a finite number.",
            $"{source.File}, tensor '{source.Output.Tensor}', sample {set.IdOf(sample)} of {set.Name}{(options.Views > 1 ? $", view {view}" : "")}, "
            + source.Stream.Describe(values.Slice(row * perRow, perRow), index),
            $"{values[at]}", "a finite number",
            "look at that sample and at the preprocessing; batches before it are stored, and capturing again goes on from there");
    }

    /// <summary>One open teacher.</summary>
    /// <param name="Teacher">The teacher.</param>
    /// <param name="Identity">Its entry in the manifest.</param>
    /// <param name="Weight">Its share.</param>
    private sealed record Member(ITeacher Teacher, CachedTeacher Identity, double Weight);

    /// <summary>One tensor that a teacher gives.</summary>
    /// <param name="Output">What it is.</param>
    /// <param name="File">The teacher's file.</param>
    /// <param name="Stream">The stream that it becomes, or adds to.</param>
    /// <param name="IsCombined">Whether it is one of those that are combined into the first.</param>
    /// <param name="IsStored">Whether it holds what is stored in the end.</param>
    private sealed record Source(ModelOutput Output, string File, CacheStream Stream, bool IsCombined, bool IsStored);
}
