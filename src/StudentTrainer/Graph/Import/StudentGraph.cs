using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>A student as it is trained: the file, which ships with new weights, and the graph made from it that runs.</summary>
internal sealed class StudentGraph
{
    /// <summary>From here on Gemm and Add broadcast as they do today.</summary>
    private const int FirstExtendedOpset = 7;

    private readonly GraphProto graph;
    private readonly StudentImport options;
    private readonly List<string> notes = [];
    private GraphExtension? extension;

    private StudentGraph(OnnxModel given, int version, StudentImport options)
    {
        (Version, this.options) = (version, options);
        if (given.NewerIrVersion is { } newer)
            notes.Add($"IR version {newer}, which ONNX Runtime does not read, became {given.Proto.IrVersion}: nothing of the newer one is used");
        File = EvaluationCopy(given);
        graph = File.Proto.Graph.Clone();
        Input = StudentInput.Find(graph);
        Note(EncodedTexts.Fold(graph), "encodings of texts became lookups of numbers");
        Note(ConstantFolding.Apply(graph, version), "nodes that depend on constants alone were computed");
        Splits = SharedTensors.Separate(graph, version);
        Note(Splits.Count, "tensors were separated from others that have another role");
        Note(FloatWidening.Apply(graph), "tensors of 16 or 64 bits are trained in float32");
        Codecs = QuantizedWeights.Unfold(graph);
        Note(Codecs.Count, "integer weights are trained in float32");
        var path = given.Path ?? "student";
        var (learned, kind, classAxis) = (options.Output, options.Kind, options.ClassAxis);
        if (options.Scores is { } scores)
            ((learned, classAxis), kind) = (DetectorOutputs.Join(graph, options.Output, scores, options.ClassAxis, path), OutputKind.Detector);
        Note(Fusion.Apply(graph, [.. options.Taps, .. NestedGraphs.CapturesOf(graph)]), "groups of nodes run as one step");
        Heads =
        [
            new(CacheStream.Answer, LogitTrace.Find(graph, learned, path), kind, classAxis, version),
            .. options.Outputs.Select(tapped => new StudentHead(tapped.Name, LogitTrace.Find(graph, tapped.Tensor, path), tapped.Kind, tapped.ClassAxis, version)),
        ];
        if (options.NormOverlay ?? options.Initialisation == Initialisation.Fresh)
            Overlay = InsertOverlay();
    }

    /// <summary>The model that ships: as it was given, but in evaluation mode.</summary>
    public OnnxModel File { get; }

    /// <summary>The version of ONNX's operator set.</summary>
    public int Version { get; }

    /// <summary>The one input.</summary>
    public StudentInput Input { get; private set; }

    /// <summary>The outputs that learn: the requested one, else the only one that holds floats; then the further ones that were asked for.</summary>
    public IReadOnlyList<StudentHead> Heads { get; }

    /// <summary>What was done to the graph, a sentence each.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Tensors of the graph that are not in the file yet.</summary>
    public IReadOnlyList<SharedTensors.Split> Splits { get; }

    /// <summary>How masters become the file's integers, by name.</summary>
    public IReadOnlyDictionary<string, QuantizedWeights.Codec> Codecs { get; }

    /// <summary>Normalisations that only training has; <c>null</c>: none.</summary>
    public NormOverlay? Overlay { get; }

    /// <summary>Whether training starts from the file's weights.</summary>
    public bool KeepsWeights => options.Initialisation == Initialisation.Keep;

    /// <summary>Weights that only training has, besides those of <see cref="Overlay"/>.</summary>
    public IReadOnlySet<string> Attached => extension?.Weights ?? (IReadOnlySet<string>)new HashSet<string>();

    /// <summary>Makes a model ready for training.</summary>
    /// <param name="file">The model; not changed.</param>
    /// <param name="options">How; default: the file's weights, and what the plan finds.</param>
    /// <exception cref="UnsupportedModelException">It has several inputs, or something else that cannot be trained.</exception>
    public static StudentGraph Import(OnnxModel file, StudentImport? options = null)
    {
        var version = (int)(file.Proto.OwnVersion() ?? 0);
        if (version > OperatorTable.NewestOpset)
            throw new UnsupportedModelException(
                "The student uses a newer operator set than the trainer knows.",
                where: file.Path,
                found: $"operator set {version}",
                expected: $"at most {OperatorTable.NewestOpset}",
                remedy: "export the model with an older operator set");
        ModelSize.Require(file.Proto, file.Path ?? "model in memory"); // what ships is one file
        using var trial = ModelLimits.Begin(file.Proto.CalculateSize(), 0);
        return NodeRefusal.Guard(file.Path, () => new StudentGraph(file, version, options ?? StudentImport.Default));
    }

    /// <summary>The tensor that losses of the first output are computed from.</summary>
    /// <inheritdoc cref="StudentHead.FindLogits"/>
    public string FindLogits() => Heads[0].FindLogits();

    /// <summary>The tensors that losses are computed from, of every output.</summary>
    /// <inheritdoc cref="StudentHead.FindLogits"/>
    public IReadOnlyList<string> FindAllLogits() => [.. Heads.Select(head => head.FindLogits())];

    /// <summary>Lets a graph with a fixed batch size take any; does nothing to others.</summary>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <exception cref="UnsupportedModelException">It cannot be done; names the node.</exception>
    public void FreeBatch(IReadOnlyList<int> sampleShape)
    {
        var declared = graph.Input.First(input => input.Name == Input.Name).ShapeOf();
        if (declared is not [{ Size: { } batch }, ..])
            return;
        var sample = Input.Fit(sampleShape);
        ModelLimits.RequireSamples($"input '{Input.Name}', of batch {batch}", 2 * Math.Min(batch, int.MaxValue), sample);
        using var trial = ModelLimits.Begin(graph.CalculateSize(), 2 * batch * sizeof(float) * sample.Aggregate(1L, (product, size) => product * size));
        foreach (var node in NodeRefusal.Guard(File.Path, () => BatchAxis.Free(graph, Version, [.. Heads.Select(head => head.Output)], Input, batch, sample).ToArray()))
            notes.Add($"the batch size of {batch} was freed at {node}");
    }

    private const int MostNamed = 30;

    /// <summary>Refuses a name that is no tensor of the graph.</summary>
    /// <exception cref="InputException">It is none; names the nearest.</exception>
    public void RequireTensor(string name)
    {
        var known = graph.Node.SelectMany(node => node.Output).Where(output => output.Length > 0).ToList();
        if (!known.Contains(name))
            throw new InputException(
                "The student has no tensor of this name.", File.Path ?? "the objective, or an attachment", $"'{name}'",
                File.Path is null ? $"one of {string.Join(", ", known.Take(MostNamed))}{(known.Count > MostNamed ? ", ..." : "")}" : "a tensor of its graph: 'onnxkd inspect' lists them",
                Suggestions.Nearest(name, known) is { } nearest ? $"did you mean '{nearest}'?" : null);
    }

    /// <inheritdoc cref="ChannelAxisOf(GraphProto, string, int)"/>
    public int ChannelAxisOf(string tensor, int axes) => ChannelAxisOf(graph, tensor, axes);

    /// <summary>
    /// The axis of a tensor's channels, the batch being 0. Two axes of a sample are [positions, features], or [channels, length] where convolutions, poolings or
    /// normalisations make or read them; in all others channels come first.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensor">The tensor.</param>
    /// <param name="axes">The axes of one sample.</param>
    public static int ChannelAxisOf(GraphProto graph, string tensor, int axes) => axes == 2 && ChannelAxis.Find(new(graph), tensor)?.Axis != 1 ? 2 : 1;

    /// <summary>Adds layers that only training has.</summary>
    /// <param name="seed">Decides their weights.</param>
    /// <exception cref="UnsupportedModelException">The operator set is too old for the layers.</exception>
    public GraphExtension Extend(ulong seed) => extension ??= Version >= FirstExtendedOpset ? new(graph, seed) : throw new UnsupportedModelException(
        "Layers for training cannot be added to a student of an operator set this old.",
        File.Path, $"operator set {Version}", $"{FirstExtendedOpset} or newer", "convert the model to a newer operator set");

    /// <summary>Compiles what some tensors depend on.</summary>
    /// <param name="outputs">Outputs or tensors inside the graph.</param>
    /// <exception cref="UnsupportedModelException">Names everything that is not supported, before any work.</exception>
    public StudentProgram Compile(params IReadOnlyList<string> outputs)
    {
        var program = NodeRefusal.Guard(File.Path, () => GraphCompiler.Compile(graph, Version, outputs, options.Parameters));
        if (options.Initialisation == Initialisation.Fresh)
        {
            FreshWeights.Fill(program.Plan, options.Seed);
            QuantizedWeights.KeepInRange(program.Plan, Codecs);
        }
        return new(program, Input);
    }

    /// <summary>The same with steps of its own for training, which may join nodes and compute in mixed precision.</summary>
    /// <param name="outputs">Outputs or tensors inside the graph.</param>
    /// <param name="mixed">Whether training is in mixed precision; evaluation is in float32.</param>
    /// <inheritdoc cref="Compile(IReadOnlyList{string})"/>
    public StudentProgram CompileForTraining(IReadOnlyList<string> outputs, bool mixed) => Compile(outputs) with
    {
        Training = GraphCompiler.Compile(graph, Version, outputs, options.Parameters, mixed),
    };

    private OnnxModel EvaluationCopy(OnnxModel given)
    {
        var proto = given.Proto.Clone();
        var calls = LocalFunctions.Inline(proto);
        Note(calls, "calls of local functions were replaced by what they do");
        return TrainingMode.Reset(proto.Graph) + calls == 0 ? given : OnnxModel.FromProto(proto);
    }

    private NormOverlay InsertOverlay()
    {
        var overlay = NormOverlay.Insert(graph, FindAllLogits(), name => !Codecs.ContainsKey(name) && !options.Parameters.Excludes(name));
        Note(overlay.Count, "convolutions are normalised while they are trained");
        return overlay;
    }

    private void Note(int count, string what)
    {
        if (count > 0)
            notes.Add($"{count} {what}");
    }
}
