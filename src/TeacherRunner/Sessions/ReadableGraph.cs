using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>A copy of a model's graph that takes samples as floats at one input, and has every tensor that is to be read.</summary>
internal sealed class ReadableGraph
{
    private readonly string name;
    private readonly IReadOnlyList<MappedOutput> maps;

    /// <summary>Makes it.</summary>
    /// <param name="source">The model; not changed.</param>
    /// <param name="sampleShape">The shape of one sample, without the batch axis.</param>
    /// <param name="readings">The tensors to read.</param>
    /// <param name="settings">Where and how it will run.</param>
    /// <param name="picksInSession">Whether the largest scores are picked in the graph, where only these are stored.</param>
    /// <param name="name">The model's name, for messages.</param>
    /// <exception cref="InputException">Its inputs do not fit the samples, or a tensor is not there or not clear.</exception>
    /// <exception cref="UnsupportedModelException">It gives something else each time, or has another form than can be read.</exception>
    public ReadableGraph(OnnxModel source, SampleShape sampleShape, IReadOnlyList<ModelReading> readings, SessionSettings settings, bool picksInSession, string name)
    {
        (this.name, maps) = (name, source.Maps);

        // The tensors' bytes are shared with the source, not copied.
        Proto = source.Proto.Clone();
        GraphEdits.RemoveUnusedInitializers(Graph);
        foreach (var tensor in readings.Select(reading => reading.Tensor).OfType<string>().Where(tensor => !Graph.Node.Any(node => node.Output.Contains(tensor))))
            BranchTensors.Lift(Graph, tensor);
        UsesIntegers = QuantizedArithmetic.IsUsed(Graph);

        // Before a change of precision, which is for what the model computes and not for the numbers of texts and tokens.
        var direct = sampleShape.Parts.Count == 0 && settings.Inputs.AreNone && new GraphIndex(Graph).Inputs.Count <= 1 ? ModelInput.Find(Graph, sampleShape, name) : null;
        if (settings.Precision == Precision.Fp16)
            HalfPrecision.Apply(Proto, name);
        Behind = direct is null ? InputFront.Add(Proto, sampleShape, settings.Inputs, name) : [];
        Input = direct ?? ModelInput.Find(Graph, sampleShape, name, Behind);
        var mask = MaskFor(sampleShape, readings);
        ModelReading[] rows = [.. readings.Select(reading => TokenPooling.Apply(Graph, DetectorJoin.Apply(Graph, reading, name, DimsOf), mask, name))];
        Wanted = [.. rows.Select(reading => Want(picksInSession ? reading : reading with { Picks = null }))];
        RandomNodes.Refuse(Graph, Wanted.SelectMany(tensor => new[] { tensor.Trace.Logits, tensor.Trace.Output }), name);
        Fed = GraphEdits.FeedAsFloat(Graph, Graph.Input.First(i => i.Name == Input.Name));
    }

    /// <summary>The model that holds it.</summary>
    public ModelProto Proto { get; }

    /// <summary>The graph.</summary>
    public GraphProto Graph => Proto.Graph;

    /// <summary>Where samples go in.</summary>
    public ModelInput Input { get; }

    /// <summary>The model's own inputs that are fed from there; empty: it has one.</summary>
    public IReadOnlyList<FedInput> Behind { get; }

    /// <summary>The name of the input that takes floats.</summary>
    public string Fed { get; }

    /// <summary>The tensors that are read, in the order of the readings, with what the graph says of each.</summary>
    public IReadOnlyList<WantedTensor> Wanted { get; }

    /// <summary>Whether something of it is computed in integers.</summary>
    public bool UsesIntegers { get; }

    /// <summary>The version of ONNX's own operators.</summary>
    public long Opset => Proto.OwnVersion() ?? 1;

    private TokenMask? MaskFor(SampleShape sampleShape, IReadOnlyList<ModelReading> readings)
    {
        var mask = Behind.FirstOrDefault(fed => fed.Part is { } part && part.Name == sampleShape.Mask)?.Input.Name;
        if (mask is null && sampleShape.Mask is { } unread && readings.Any(reading => reading.Pooling is not null))
            throw new InputException(
                "Tokens are pooled, and the samples' mask, which says which of them count, feeds no input of the model.", name, $"mask '{unread}'", "an input that is fed with it",
                $"feed it (inputs: {{ INPUT: {unread} }} under the teacher), or say 'mask: none' under the sets, so that all tokens count");
        return mask is null ? null : new(mask, sampleShape.MarksPadding);
    }

    /// <summary>The lengths of a tensor after the batch axis, which its file does not declare.</summary>
    private IReadOnlyList<long> DimsOf(string tensor)
    {
        var trial = Proto.Clone();
        var fed = GraphEdits.FeedAsFloat(trial.Graph, trial.Graph.Input.First(input => input.Name == Input.Name));
        WantedTensor[] wanted = [new(new() { Tensor = tensor, IsFeature = true }, new(tensor, tensor, HeadActivation.None, IsInner: true), null)];
        var (plans, session) = new HeadProbe(fed, Input, Opset, name).Establish(
            trial, wanted, (probed, isBrief) => SessionFactory.Open(probed, ExecutionDevice.Resolve(ExecutionDevice.Cpu), threads: 1, name, isBrief));
        session?.Dispose();
        return plans[0].Layout.Dims;
    }

    private WantedTensor Want(ModelReading reading)
    {
        var trace = LogitTrace.Find(Graph, reading.Tensor, name);
        if (reading.IsFeature)
            return new(reading, trace with { Logits = trace.Output, Activation = HeadActivation.None }, null);
        if (Suppression.Behind(Graph, [trace.Output]) is { } suppression)
            throw suppression.Refusal(trace.Output, name);
        var evidence = reading.Kind is { } named ? new(named, "the recipe says so")
            : reading.IsTrained ? KindEvidence.OfActivation(trace) ?? new(OutputKind.Classes, "it was trained so")
            : KindEvidence.OfModel(Proto, reading.Tensor, trace)
                ?? (maps.Any(map => map.Output == trace.Output) ? new(OutputKind.Classes, "it maps classes to scores") : null);
        return new(reading, evidence?.Kind is OutputKind.Values or OutputKind.Embedding or OutputKind.Detector ? trace with { Logits = trace.Output, Channels = ChannelAxis.Find(new(Graph), trace.Output) } : trace, evidence,
            KindEvidence.OfWeights(Graph, trace))
        {
            Joins = evidence is null or { Kind: OutputKind.Detector } && !reading.IsTrained ? ColumnJoin.Behind(Graph, trace.Output) : [],
            Layer = LastLayer.Behind(new(Graph), trace.Output),
        };
    }
}
