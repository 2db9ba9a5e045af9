using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Reports;

/// <summary>What a model is, and what it can be used for.</summary>
/// <param name="File">Its name.</param>
/// <param name="Sha256">Its digest.</param>
/// <param name="Opsets">Operator sets it was exported for, by domain.</param>
/// <param name="Inputs">Inputs that are fed.</param>
/// <param name="Outputs">Outputs.</param>
/// <param name="Operators">How many nodes of each operator it has.</param>
/// <param name="Parameters">Float values in it.</param>
/// <param name="Metadata">What it says of itself.</param>
/// <param name="Teacher">Whether it can be a teacher.</param>
/// <param name="Student">Whether it can be a student.</param>
/// <param name="Kinds">What each output that it would teach with holds, and how that is known; empty if it cannot teach as it is.</param>
/// <param name="AsStudent">What it is as a student; <c>null</c> if it cannot be one.</param>
/// <param name="Notes">What was put right in it when it was read, and what a run would say of the samples.</param>
internal sealed record ModelInspection(
    string File,
    string Sha256,
    IReadOnlyDictionary<string, long> Opsets,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    IReadOnlyDictionary<string, int> Operators,
    long Parameters,
    IReadOnlyDictionary<string, string> Metadata,
    Suitability Teacher,
    Suitability Student,
    IReadOnlyList<string> Kinds,
    StudentInspection? AsStudent,
    IReadOnlyList<string> Notes)
{
    private const int TriedRows = 4;
    private const int MostKeys = 12;

    /// <summary>Looks at a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="use">What it would be used with.</param>
    public static ModelInspection Of(OnnxModel model, InspectedUse use)
    {
        var graph = model.Proto.Graph;
        var inputs = new GraphIndex(graph).Inputs;
        if (use.Teacher.Inputs.AreNone)
            use = use with { Teacher = use.Teacher with { Inputs = InputMetadata.Of(model.Proto) } };
        if (use.Teacher.Output is not null || use.Teacher.Outputs.Count > 0)
            CacheCapture.RequireTensors(use.Teacher with { Model = model.Path ?? "" }, model);
        var sample = use.SampleShape ?? use.Set?.SampleShape ?? DeclaredSample(inputs);
        StudentInspection? asStudent = null;
        var kinds = new List<string>();
        var needs = sample is null && inputs.Count > 0 ? Suitability.Unknown(UnknownSample(inputs)) : null;
        var teacher = needs ?? Suitability.Of(() => AsTeacher(model, sample ?? [], use, kinds));
        var student = needs is not null && NeedSamples(inputs) ? needs : Suitability.Of(() => Describe(asStudent = StudentInspection.Of(
            BehindFront(model, sample, use.Teacher.Inputs), sample, use.Teacher.Output is { } output ? new() { Output = output } : HeadMetadata.Of(model.Proto).Count > 0 ? DescribedStudent.Import(model) : null)));
        // A run checks a student in ONNX Runtime: what that refuses is none, whatever can be trained.
        if ((teacher.Possible, student.Possible) is (false, true) && Suitability.Of(() => Open(model)) is { Possible: false } refused)
            (student, asStudent) = (refused, null);
        return new(
            Path.GetFileName(model.Path)!,
            model.Digest,
            new SortedDictionary<string, long>(
                model.Proto.OpsetImport.ToDictionary(opset => opset.Domain.Length == 0 ? "ai.onnx" : opset.Domain, opset => opset.Version)),
            [.. inputs.Select(input => Describe(input) + FeedOf(input, use.Set))],
            [.. graph.Output.Select(Describe)],
            new SortedDictionary<string, int>(graph.Node.CountBy(node => node.OpType).ToDictionary(), StringComparer.Ordinal),
            model.ParameterCount,
            new SortedDictionary<string, string>(model.Proto.MetadataProps.ToDictionary(p => p.Key, p => p.Value), StringComparer.Ordinal),
            teacher,
            student,
            kinds,
            asStudent,
            [.. NotesOf(model), .. teacher.Possible == true ? use.NotesOf(model) : []]);
    }

    private static string Open(OnnxModel model)
    {
        SessionFactory.Open(model.Proto, ExecutionDevice.Resolve(ExecutionDevice.Cpu), threads: 1, Path.GetFileName(model.Path) ?? "the model", brief: true).Dispose();
        return "";
    }

    private static IReadOnlyList<string> NotesOf(OnnxModel model) =>
    [
        .. model.IsSorted ? ["nodes that stood before those whose tensors they read were put in order"] : Array.Empty<string>(),
        .. model.Maps.Select(map => $"output '{map.Output}' is a sequence of maps (ZipMap), read as the tensor that they are made of: a column for each of {Keys(map)}"),
    ];

    private static string Keys(MappedOutput map) => string.Join(", ", map.Keys.Take(MostKeys)) + (map.Keys.Count > MostKeys ? $", ... ({map.Keys.Count} in all)" : "");

    private static string AsTeacher(OnnxModel model, SampleShape sampleShape, InspectedUse use, List<string> kinds)
    {
        var teacher = use.Teacher;
        var heads = teacher.Output is null && teacher.Kind is null ? HeadMetadata.Of(model.Proto) : [];
        IReadOnlyList<ModelReading> readings = heads.Count == 0 ? teacher.Readings : [.. heads.Select(DescribedStudent.Reading)];
        using var session = OnnxClassifier.Open(
            model, sampleShape, readings, new() { Device = ExecutionDevice.Cpu, Inputs = teacher.Inputs, Known = use.Set, KnownPreprocessing = teacher.Preprocessing });
        if (use.Set is { } set)
        {
            SampleChecks.Of(set, [new(Path.GetFileName(model.Path)!, () => model, teacher.Inputs, teacher.Preprocessing) { NeedsTokens = teacher.Pooling is not null }]).Require(CancellationToken.None);
            TryOn(session, set, teacher.Preprocessing);
        }
        foreach (var (i, output) in session.Outputs.Index())
            kinds.Add(heads.Count == 0 ? $"{output.Kind.Output()!.Value.Word()}: {output.Evidence}"
                : $"{heads[i].Output}: {heads[i].Kind.Word()}, learned from '{heads[i].Stream}': its metadata say so");
        return string.Join("; ", session.Outputs.Select(Describe));
    }

    private static string Describe(ModelOutput output)
    {
        var kind = output.Kind.Output()!.Value;
        var positions = output.Positions > 1 ? $" at {string.Join(" x ", output.Shape.SkipLast(1))} positions" : "";
        var stored = output.Kind switch
        {
            StreamKind.Logit or StreamKind.LabelLogit => "logits",
            StreamKind.LogProbability => "log-probabilities",
            StreamKind.Detection => "boxes and logits",
            _ => "as they are,",
        };
        return $"{kind.Count(output.Classes)}{positions}; {stored} from '{output.Tensor}'";
    }

    /// <summary>What a capture would find out of samples and labels: numbers that the model does not take, classes that it does not have.</summary>
    private static void TryOn(OnnxClassifier session, TransferSet set, Preprocessing preprocessing)
    {
        var (output, kind) = (session.Output, session.Output.Kind.Output()!.Value);
        if (kind is OutputKind.Classes or OutputKind.Labels && set.HasLabelsFor(output.Shape, kind))
            set.RequireLabelsBelow(kind == OutputKind.Labels ? 2 : output.Classes);
        var rows = (int)Math.Min(TriedRows, set.Count);
        var samples = new float[rows * set.SampleElements];
        SampleReader.Of(set, preprocessing).Read([.. Enumerable.Range(0, rows).Select(row => (long)row)], view: 0, samples);
        session.Run(samples, rows, [.. session.Outputs.Select(each => (Memory<float>)new float[rows * each.Elements])]);
    }

    /// <summary>What of a set's named inputs feeds an input.</summary>
    private static string FeedOf(ValueInfoProto input, TransferSet? set) =>
        set is null || set.SampleShape.Parts.Count == 0 ? "" : set.SampleShape.Find(InputFront.PartFor(input.Name)) is { } part ? $", fed with {part}" : ", fed with nothing";

    private static string Describe(StudentInspection student)
    {
        var tensors = student.Plan.Count(entry => entry.Role == "learned");
        return FormattableString.Invariant($"{tensors} tensors with {student.Learned:#,0} values are learned; logits from '{student.Logits}'");
    }

    private static int[]? DeclaredSample(IReadOnlyList<ValueInfoProto> inputs)
    {
        var shape = inputs.Count == 1 && !NeedSamples(inputs) && inputs[0].Type?.TensorType is not null ? inputs[0].ShapeOf() : null;
        return shape is null || shape.Skip(1).Any(axis => axis.Size is null or > int.MaxValue)
            ? null
            : [.. shape.Skip(1).Select(axis => (int)axis.Size!.Value)];
    }

    private static OnnxModel BehindFront(OnnxModel model, SampleShape? sample, InputFeeds feeds) => sample is null ? model : InputFront.Behind(model, sample, feeds);

    /// <summary>Whether no shape can say what feeds a model: it has several inputs, or one of texts.</summary>
    private static bool NeedSamples(IReadOnlyList<ValueInfoProto> inputs) => inputs.Count > 1 || inputs.Any(AreTexts);

    private static bool AreTexts(ValueInfoProto input) => input.Type?.TensorType?.ElemType == (int)TensorProto.Types.DataType.String;

    private static string UnknownSample(IReadOnlyList<ValueInfoProto> inputs)
    {
        if (!NeedSamples(inputs))
            return $"the shape of a sample is not in the file ({Describe(inputs[0])}): give it with --sample-shape, for example 3,224,224, or samples with --samples FILE";
        var isTable = inputs.Any(AreTexts);
        return $"samples decide it: give some with --samples FILE, {(isTable ? "a table with a column" : "an NPZ or safetensors file with a tensor, or a table with a column,")} for each of "
            + string.Join(", ", inputs.Select(input => $"{input.Name} ({(AreTexts(input) ? "texts" : Describe(input)[(input.Name.Length + 2)..])})"));
    }

    private static string Describe(ValueInfoProto value) => value.Type?.TensorType is null
        ? $"{value.Name}: {value.Type?.ValueCase.ToString() ?? "no type"}"
        : $"{value.Name}: {TensorTypes.Name(value.DataTypeOf())} [{string.Join(", ", value.ShapeOf() ?? [])}]";
}

/// <summary>What a model would be used with.</summary>
/// <param name="SampleShape">The shape of one sample; <c>null</c>: the samples', else what the model declares.</param>
/// <param name="Set">Samples, on which it is tried, and whose labels may tell what its output holds; <c>null</c>: none.</param>
internal sealed record InspectedUse(SampleShape? SampleShape = null, TransferSet? Set = null)
{
    /// <summary>How it would be read and fed as a teacher; its file is not looked at.</summary>
    public TeacherOptions Teacher { get; init; } = new();

    /// <summary>What a run would say of the samples, if it teaches.</summary>
    public Func<OnnxModel, IEnumerable<string>> NotesOf { get; init; } = _ => [];

    /// <summary>Whether a use is named, rather than any that there may be.</summary>
    public bool IsNamed => Set is not null || Teacher.Output is not null || IsOfTeacher;

    /// <summary>Whether what is named is of teachers alone.</summary>
    public bool IsOfTeacher => Teacher is not { Kind: null, Probabilities: null };
}

/// <summary>Whether a model can be used for something.</summary>
/// <param name="Possible">Whether it can; <c>null</c>: samples would tell.</param>
/// <param name="Reason">How, or why not.</param>
internal sealed record Suitability(bool? Possible, string Reason)
{
    private OnnxKdException? refusal;

    /// <summary>It depends on samples.</summary>
    /// <param name="reason">Which would tell.</param>
    public static Suitability Unknown(string reason) => new(null, reason);

    /// <summary>Tries it.</summary>
    public static Suitability Of(Func<string> attempt)
    {
        try
        {
            return new(true, attempt());
        }
        catch (OnnxKdException refusal)
        {
            return new(false, refusal.Message) { refusal = refusal };
        }
    }

    /// <summary>Ends as a run would.</summary>
    /// <exception cref="OnnxKdException">It cannot be used.</exception>
    public void Require()
    {
        if (refusal is not null)
            throw refusal;
    }
}
