using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Logits;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Recorded;

/// <summary>A teacher whose answers lie on disk: no model runs, and no sample is read.</summary>
internal sealed class RecordedTeacher : ITeacher
{
    // Of the newest form of ONNX's Softmax; it matters only where a graph ends in one.
    private const long AnyOpset = 13;

    // As many as a model is tried on to see what it gives.
    private const int Looked = 256;

    // Of fewer rows, numbers may go up by one by chance.
    private const int FewestCounted = 8;

    private readonly TeacherOptions options;
    private readonly List<RecordedTensor> tensors = [];

    private RecordedTeacher(TeacherOptions options) => this.options = options;

    /// <inheritdoc/>
    public IReadOnlyList<ModelOutput> Outputs => [.. tensors.Select(tensor => tensor.Plan.Output)];

    /// <summary>Whether all answers that were looked at have the length 1.</summary>
    public bool IsOfUnitLength { get; private set; }

    /// <summary>Opens the files and finds out what they hold.</summary>
    /// <param name="options">The teacher.</param>
    /// <param name="set">The samples that it speaks of.</param>
    /// <exception cref="InputException">A file is wrong, does not fit the samples, or nothing tells what it holds.</exception>
    public static RecordedTeacher Open(TeacherOptions options, TransferSet set)
    {
        var teacher = new RecordedTeacher(options);
        try
        {
            teacher.Add(options.Output, set, isFeature: false, options.ClassAxis);
            foreach (var tapped in options.Outputs)
                teacher.Add(tapped.Tensor, set, isFeature: false, null);
            foreach (var tapped in options.Features)
                teacher.Add(tapped.Tensor, set, isFeature: true, null);
            return teacher;
        }
        catch
        {
            teacher.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public CachedTeacher Identity(double weight) => new(
        options.File, options.Signals.Digest(), "", Outputs[0].Tensor, Outputs[0].Kind, weight, Preprocessing.None, options.ClassAxis,
        Probabilities: options.Probabilities, FurtherAxes: options.FurtherAxes);

    /// <inheritdoc/>
    public void Run(RunBuffers run, Memory<float>[] results)
    {
        var samples = new long[run.Count];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = run.Source(i).Sample;
        for (var i = 0; i < tensors.Count; i++)
            tensors[i].Read(samples, results[i].Span);
    }

    /// <inheritdoc/>
    public void Dispose() => tensors.ForEach(tensor => tensor.Dispose());

    private void Add(string? wanted, TransferSet set, bool isFeature, int? classAxis)
    {
        var files = options.Signals;
        var file = files.Files.FirstOrDefault(file => file.Name == wanted && wanted is not null) ?? files.Files[0];
        var tensor = file.Name == wanted ? null : wanted;
        RecordedSource source = SignalFiles.IsCache(file.Path)
            ? CacheSource.Open(file.Path, tensor, set)
            : new FileSource(SignalFile.Open(file.Path, tensor, file.Name, files.Ids));
        try
        {
            var rows = files.Ids is { } ids
                ? SignalRows.ById(set, source.Rows, file.Path, ids)
                : SignalRows.ByPlace(set, source.Rows, file.Path);
            var name = wanted ?? file.Name ?? (source as CacheSource)?.Stream.Name ?? Path.GetFileNameWithoutExtension(file.Path);
            tensors.Add(new(source, rows, PlanOf(source, rows, name, set, isFeature, classAxis)));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private OutputPlan PlanOf(RecordedSource source, SignalRows rows, string name, TransferSet set, bool isFeature, int? classAxis)
    {
        var isScalar = source.Shape.Count == 0;
        long[] dims = isScalar ? [1] : [.. source.Shape.Select(size => (long)size)];
        if (isFeature)
            return AsItIs(StreamKind.Feature);
        var count = (int)Math.Min(Looked, set.Count);
        long[] looked = [.. Enumerable.Range(0, count).Select(i => i * set.Count / count)];
        var values = new float[count * dims.Aggregate(1L, (product, size) => product * size)];
        source.Read([.. looked.Select(sample => rows[sample])], values);
        if (tensors.Count == 0)
            IsOfUnitLength = Distributions.AreUnitVectors(values, (int)dims[^1]);
        if (source is CacheSource { Stream: var cached })
            return AsItIs(cached.Kind, cached.Detector);
        if (options.Kind == OutputKind.Detector
            && new DetectorReading(name, source.Name, dims, [], new Dictionary<string, string>()).Find(
                new(classAxis, options.Boxes, options.Objectness, options.Probabilities) { Background = options.Background }, values, isNamed: true) is var (detector, columns))
            return new(detector, columns);
        RequireNoCounter(values, [.. looked.Select(sample => rows[sample])], source.Name);
        var trace = new LogitTrace(name, name, HeadActivation.None, IsInner: false);
        var layout = ClassAxis.Find(classAxis, trace, AnyOpset, dims, values, source.Name);
        return new(HeadOf(layout.ToClassLast(values), trace, layout, set, looked, source.Name), layout, IsScalar: isScalar);

        OutputPlan AsItIs(StreamKind kind, DetectorForm? detector = null) =>
            new(new(name, kind, LogitTransform.None, "its cache says so") { Detector = detector }, new(dims, dims.Length - 1), IsScalar: isScalar);
    }

    /// <summary>Refuses a column that counts rows: it would be learned as what the teacher said.</summary>
    private static void RequireNoCounter(float[] values, long[] rows, string file)
    {
        var columns = values.Length / rows.Length;
        for (var c = 0; columns > 1 && rows.Length > FewestCounted && c < columns; c++)
            if (Enumerable.Range(1, rows.Length - 1).All(i => values[i * columns + c] - values[c] == rows[i] - rows[0]))
                throw new InputException(
                    "A column of what a teacher said counts the rows.", $"{file}, column {c}", $"{values[c]}, and one more in each row", "what the teacher said of samples, and nothing else",
                    "leave it out; or if it says which sample a row is of, name it: signals: { logits: FILE, ids: FILE }");
    }

    private LogitHead HeadOf(float[] values, LogitTrace trace, RowLayout layout, TransferSet set, long[] looked, string file)
    {
        var columns = layout.Classes;
        var evidence = (options.Kind is { } named ? new KindEvidence(named, "the recipe says so") : null)
            ?? (options.Probabilities != true ? null : columns > 1 ? new KindEvidence(OutputKind.Classes, "the recipe says that they are probabilities") : KindEvidence.DeclaredProbability)
            ?? KindEvidence.OfValues(values, columns) ?? KindEvidence.OfName(trace.Output, columns) ?? Labels()
            ?? throw LogitHead.Unclear(trace, layout, file);
        if (evidence.Kind is OutputKind.Values or OutputKind.Embedding)
            return LogitHead.Establish(evidence, trace, values, values, columns, file);
        var isOfClasses = evidence.Kind == OutputKind.Classes;
        if (isOfClasses && columns == 1 && values.Length > 1 && Array.TrueForAll(values, value => value >= 0 && float.IsInteger(value)))
            throw new InputException(
                "What a teacher said are numbers of classes, and no scores.", file, $"nothing but whole numbers, up to {values.Max()}", "a score for each class",
                "learn from them as labels, without a teacher: --labels FILE; as amounts: --kind values");
        // Each row is checked when it is read, and the error names it.
        if (options.Probabilities is { } given)
            return LogitHead.OfNamed(evidence, given, trace, [], columns, file);
        if (isOfClasses && columns > 1 && Distributions.AllIn01(values) && !Distributions.AreProbabilities(values, columns))
            throw new InputException(
                "It is not clear whether what a teacher said are logits or probabilities.", file,
                "class scores between 0 and 1 whose rows do not sum to 1", "logits, or rows that sum to 1",
                "set probabilities: true (rounded ones) or false (logits) under the teacher, or kind: labels if each class has a probability of its own");
        return LogitHead.Establish(evidence, trace, values, values, columns, file);

        KindEvidence? Labels()
        {
            var labels = set.Labels.ToArray();
            return layout.Positions == 1 && labels.Length > 0 ? KindEvidence.OfLabels(values, columns, [.. looked.Select(sample => labels[sample])]) : null;
        }
    }
}

/// <summary>What a teacher's answers on disk hold.</summary>
/// <param name="Output">Its answer.</param>
/// <param name="IsOfUnitLength">Whether all of them that were looked at have the length 1.</param>
internal sealed record RecordedAnswer(ModelOutput Output, bool IsOfUnitLength)
{
    /// <summary>Opens all files, as a capture will.</summary>
    /// <param name="set">The samples that they are of.</param>
    /// <param name="teacher">The teacher.</param>
    /// <exception cref="InputException">A file is wrong, does not fit the samples, or nothing tells what it holds.</exception>
    public static RecordedAnswer Of(TransferSet set, TeacherOptions teacher)
    {
        using var recorded = RecordedTeacher.Open(teacher, set);
        return new(recorded.Outputs[0], recorded.IsOfUnitLength);
    }
}
