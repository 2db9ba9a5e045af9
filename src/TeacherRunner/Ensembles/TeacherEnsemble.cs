using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>The teachers of a capture, open and agreed on their classes, with the samples as each of them wants to see them.</summary>
internal sealed class TeacherEnsemble : IDisposable
{
    // Rows that are only copied: enough at a time to be worth a worker's turn.
    private const int RecordedRowsPerRun = 256;

    private readonly List<EnsembleMember> members = [];
    private readonly SampleSlots slots;
    private readonly TransferSet set;
    private readonly CaptureOptions options;
    private readonly EnsembleMean? mean;
    private readonly CombinedColumns? columns;
    private readonly List<TeacherSource> sources = [];
    private readonly List<string> notes = [];

    /// <summary>Opens every teacher.</summary>
    public TeacherEnsemble(TransferSet set, CaptureOptions options)
    {
        (this.set, this.options, slots) = (set, options, new(set, options));
        try
        {
            var total = options.Teachers.Sum(t => t.Weight);
            foreach (var teacher in options.Teachers)
                members.Add(EnsembleMember.Open(teacher, teacher.Weight / total, set, options with { Combination = Combination }, slots, notes));
            ClassMap.Require(options, [.. members.Select(member => member.Classes)]);
            if (Combines)
            {
                foreach (var member in members.Skip(1))
                    member.RequireLike(members[0], HasMaps);
                columns = HasMaps ? CombinedColumns.Union([.. members.Select(member => member.Columns)]) : CombinedColumns.Same(members.Count, members[0].Teacher.Outputs[0].Classes);
                mean = new(Combination, CombinedKind, [.. members.Select(m => m.Weight)], columns);
            }
            for (var t = 0; t < members.Count; t++)
                AddSources(t);
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

    private bool HasMaps => members.Exists(member => member.Map is not null);

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
        if (members[0].Classes is { } classes && set.HasLabelsFor(first.Shape))
            set.RequireLabelsBelow(options.Classes?.Count ?? classes, options.Classes is null ? options.Teachers[0].ClassNames(classes) : null);
    }

    /// <summary>Tells of each quantised teacher how far its integers are from what its file says, or that its samples run alone.</summary>
    /// <returns>A sentence each.</returns>
    /// <exception cref="CheckFailedException">Too far.</exception>
    public IReadOnlyList<string> CompareQuantized()
    {
        var quantized = members.Where(member => member.Teacher is ModelTeacher { Session.DescribesFloats: true }).ToArray();
        var alone = members.Where(member => member.Teacher is ModelTeacher { Session.IsRoundedByRun: true })
            .Select(member => $"{member.Identity.File} rounds to 8 bits by the range of all that it is given at once, so each sample runs alone");
        if (quantized.Length == 0)
            return [.. alone];
        var count = (int)Math.Min(QuantizedCheck.Rows, set.Count);
        var run = CreateBuffers(count, static length => new float[length]);
        run.Select([.. Enumerable.Range(0, count).Select(i => i * set.Count / count)], set.Count);
        Read(run);
        return [.. alone, .. quantized.Select(member => QuantizedCheck.Of(((ModelTeacher)member.Teacher).Session, member.Identity.File, ((ModelTeacher)member.Teacher).Samples(run), count))];
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
        Seed = options.IsDrawn ? options.Seed : 0,
        Views = options.Views,
        SamplesDigest = set.SamplesDigest,
        Samples = set.Count,
        FirstId = set.IdOf(0),
    };

    /// <summary>Bytes that a row takes in the buffers of a batch.</summary>
    public long BufferBytesPerRow => sizeof(float) * (slots.Elements.Sum(elements => (long)elements) + ResultElements.Sum(elements => (long)elements));

    /// <summary>Makes buffers.</summary>
    /// <param name="capacity">Rows at most.</param>
    /// <param name="allocate">Makes memory; default: such as the device copies from and to fastest, which lives as long as the teachers.</param>
    public RunBuffers CreateBuffers(int capacity, Func<int, Memory<float>>? allocate = null) => new(
        capacity, slots.Elements, ResultElements, allocate ?? (Lead is { } lead ? lead.AllocateHost : static length => new float[length]));

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
        RequireFinite(run, source => source.IsChanged);
        var given = sources.Select((source, i) => run.Result(i) is var values && source.Map is { } map ? values[..map.Apply(values.Span)] : values).ToArray();
        var all = Enumerable.Range(0, sources.Count);
        if (mean is not null)
        {
            Memory<float>[] combined = [.. all.Where(i => sources[i].IsCombined).Select(i => given[i])];
            given[0] = HasMaps ? run.Result(sources.Count) : combined[0];
            mean.Combine(combined, given[0]);
        }

        return [.. all.Where(i => sources[i].IsStored).Select(i => (ReadOnlyMemory<float>)given[i])];
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
            RequireFinite(run, source => !source.IsChanged);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => members.ForEach(member => member.Teacher.Dispose());

    /// <summary>Values per row of all that a run fills: what each teacher gives, and, where their classes differ, what becomes of them.</summary>
    private int[] ResultElements =>
    [
        .. sources.Select(source => source.Output.ValuesPerRun),
        .. columns is not null && HasMaps ? [members[0].Teacher.Outputs[0].Positions * columns.Count] : Array.Empty<int>(),
    ];

    /// <summary>Says what becomes of everything that a teacher gives.</summary>
    private void AddSources(int index)
    {
        var outputs = members[index].Teacher.Outputs;
        var names = StreamNames.OfTeacher(options, index);
        for (var i = 0; i < outputs.Count; i++)
        {
            var storage = outputs[i].Kind == StreamKind.Feature ? options.FeatureStorage : options.Storage;
            var stream = new CacheStream(names[i], outputs[i].Tensor, index, outputs[i].Kind, outputs[i].Shape, storage) { Detector = outputs[i].Detector };
            var (isCombined, map) = (Combines && i == 0, i == 0 ? members[index].Map : null);
            if (map is not null)
                stream = stream with { Shape = [.. stream.Shape.SkipLast(1), map.Columns.Count], Subset = ClassMap.SubsetOf(map.Columns, map.Of) };
            if (isCombined && index == 0)
                stream = Combined(stream);
            sources.Add(new(outputs[i], members[index].Identity.File, stream, map, isCombined, IsStored: !isCombined || index == 0));
        }
    }

    private CacheStream Combined(CacheStream first)
    {
        var stream = first with { Teacher = null, Kind = CombinedKind };
        if (!HasMaps)
            return stream;
        var classes = CombinedColumns.ClassesOf([.. members.Select(member => member.Columns)]);
        return stream with { Shape = [.. stream.Shape.SkipLast(1), classes.Length], Subset = ClassMap.SubsetOf(classes, options.Classes!.Count) };
    }

    private StreamKind CombinedKind =>
        members[0].Teacher.Outputs[0].Kind.Output() != OutputKind.Classes ? members[0].Teacher.Outputs[0].Kind
        : options.Combination == Combination.MeanOfLogits && !HasMaps && members.TrueForAll(m => m.Teacher.Outputs[0].Kind == StreamKind.Logit)
            ? StreamKind.Logit
            : StreamKind.LogProbability;

    private void RequireFinite(RunBuffers run, Func<TeacherSource, bool> which)
    {
        for (var i = 0; i < sources.Count; i++)
            if (which(sources[i]))
                sources[i].RequireFinite(run.Result(i).Span, run, set, options.Views);
    }
}
