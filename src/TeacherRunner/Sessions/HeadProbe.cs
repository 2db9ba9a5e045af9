using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Logits;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// Runs a model once on made-up samples to learn the shape and the meaning of its tensors before any work starts. Where that shows that
/// they can be read as they are, the session that found it out is the one to work with.
/// </summary>
/// <param name="fed">The input to feed.</param>
/// <param name="input">Its description.</param>
/// <param name="opset">The model's version of ONNX's own operators.</param>
/// <param name="model">The model's name, for messages.</param>
/// <param name="known">Reads so many samples of a set, whose labels may tell what nothing else tells; <c>null</c>: there is none.</param>
internal sealed class HeadProbe(string fed, ModelInput input, long opset, string model, Func<int, KnownSamples>? known = null)
{
    // Not a usual number of classes, so that a softmax along the batch axis cannot pass for one along the classes.
    private const int Rows = 5;

    // Kernels for one row and for several round otherwise, and what is rounded to codes of 8 bits may land one beside.
    private const float MostBeside = 0.02f;

    // Enough to tell a model that is somewhat better than chance.
    private const int Labelled = 256;

    /// <summary>Finds out what the wanted tensors hold.</summary>
    /// <param name="proto">The model; its outputs are replaced.</param>
    /// <param name="wanted">What is wanted, each with what the graph's structure claims about it.</param>
    /// <param name="open">Opens a session; told whether it will run only once.</param>
    /// <returns>How each is read, and the open session if it reads them just so.</returns>
    public (OutputPlan[] Plans, InferenceSession? Session) Establish(
        ModelProto proto, IReadOnlyList<WantedTensor> wanted, Func<ModelProto, bool, InferenceSession> open)
    {
        // The wanted tensors come first, as they do when they alone are read.
        proto.Graph.Output.Clear();
        string[] logits = [.. wanted.Select(w => GraphEdits.AddOutput(proto.Graph, w.Trace.Logits))];
        string[] outputs =
        [
            .. wanted.Select((w, i) => w.Trace.Output == w.Trace.Logits ? logits[i] : GraphEdits.AddOutput(proto.Graph, w.Trace.Output)),
        ];
        string[] parts = [.. wanted.SelectMany(w => w.Joins).SelectMany(join => join.Parts).Select(part => GraphEdits.AddOutput(proto.Graph, part))];
        var metadata = proto.MetadataProps.ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
        var mayStay = logits.SequenceEqual(outputs) && wanted.All(w => w.Reading.Picks is null) && parts.Length == 0;

        var rows = input.FixedBatch ?? Rows;
        ModelLimits.RequireSamples($"input '{input.Name}' of {model}", rows, input.SampleDims);
        using var trial = ModelLimits.Begin(ModelSize.Of(proto), (long)sizeof(float) * rows * input.SampleElements);
        var session = open(proto, !mayStay);
        var stays = false;
        try
        {
            using var run = new RunOptions();
            using var clock = trial.WhenOver(() => run.Terminate = true);
            using var samples = OrtValue.CreateTensorValueFromMemory(input.MakeUp(rows), input.ShapeOf(rows));
            using var results = Run(session, run, samples, [.. logits, .. outputs, .. parts], e => RunsAlone(session, logits, trial) ? RunFailure.OfBatchSize(e, model, rows) : RunFailure.OfInputs(e, model, input.Fed));
            var joined = new Queue<OrtValue>(results.Skip(2 * wanted.Count));
            JoinedColumns ColumnsOf(ColumnJoin join) => new(
                [.. join.Parts.Select(_ => joined.Dequeue().GetTensorTypeAndShape().Shape).Select(shape => shape[join.Axis < 0 ? join.Axis + shape.Length : join.Axis])], join.SharesTensor, join.Layers);
            OutputPlan[] plans =
            [
                .. wanted.Select((w, i) => PlanOf(
                    w, results[i], results[wanted.Count + i], rows, Labels(session, logits[i]), new([.. w.Joins.Select(ColumnsOf)], metadata, count => Run(session, logits[i], count)))),
            ];
            RequireSamplesAlone(session, proto, [.. wanted.Select((w, i) => (w, logits[i], results[i]))], trial);
            stays = mayStay && Array.TrueForAll(plans, plan => plan.IsReadAsItIs);
            return (plans, stays ? session : null);
        }
        finally
        {
            if (!stays)
                session.Dispose();
        }
    }

    /// <summary>Refuses a model that says something else of a sample when others run beside it.</summary>
    private void RequireSamplesAlone(InferenceSession session, ModelProto proto, (WantedTensor Wanted, string Name, OrtValue Together)[] read, ModelTrial trial)
    {
        if (input.FixedBatch is not null || SampleBranches.RunAlone(proto.Graph))
            return; // each runs alone
        using var run = new RunOptions();
        using var clock = trial.WhenOver(() => run.Terminate = true);
        using var samples = OrtValue.CreateTensorValueFromMemory(input.MakeUp(1), input.ShapeOf(1));
        using var results = Run(session, run, samples, [.. read.Select(tensor => tensor.Name)], e => RunFailure.OfInputs(e, model, input.Fed));
        foreach (var ((wanted, _, together), alone) in read.Zip(results))
        {
            float[] own = [.. alone.GetTensorDataAsSpan<float>()], beside = [.. together.GetTensorDataAsSpan<float>()[..Math.Min(own.Length, (int)together.GetTensorTypeAndShape().ElementCount)]];
            var size = own.Concat(beside).Max(value => Math.Abs(value));
            var differences = own.Zip(beside, (a, b) => Math.Abs(a - b)).ToArray();
            if (own.Length == beside.Length && float.IsFinite(size) && differences.Length > 0 && differences.Max() > MostBeside * size && Array.IndexOf(differences, differences.Max()) is var worst)
                throw RandomNodes.DependsOnBatch(
                    $"tensor '{wanted.Trace.Logits}' of {model}",
                    FormattableString.Invariant($"value {worst} of a sample is {own[worst]:g6} alone, and {beside[worst]:g6} beside {Rows - 1} others"));
        }
    }

    /// <summary>What of a model tells how a detector head is laid out.</summary>
    private sealed record DetectorClues(IReadOnlyList<JoinedColumns> Joins, IReadOnlyDictionary<string, string> Metadata, Func<int, float[]> More);

    private OutputPlan PlanOf(WantedTensor wanted, OrtValue logits, OrtValue outputs, int rows, Func<RowLayout, KindEvidence?> labels, DetectorClues clues)
    {
        var (reading, trace, evidence, weights) = (wanted.Reading, wanted.Trace, wanted.Evidence, wanted.Weights);
        var shape = logits.GetTensorTypeAndShape().Shape;
        if (shape.Length == 0 || shape[0] != rows || shape.Contains(0))
            throw new UnsupportedModelException(
                "A tensor of the model does not have the samples as its first axis.", $"tensor '{trace.Logits}' of {model}",
                $"[{string.Join(", ", shape)}] for a batch of {rows}", $"[{rows}, ...]",
                reading.IsFeature ? "name another tensor" : "name the tensor that is learned from (output: in a recipe)");

        var isScalar = shape.Length == 1;
        var dims = isScalar ? [1] : shape[1..];
        if (reading.IsFeature)
            return new(new(trace.Logits, StreamKind.Feature, LogitTransform.None, ""), new(dims, dims.Length - 1), IsScalar: isScalar);
        var values = logits.GetTensorDataAsSpan<float>();
        var layout = ClassAxis.Find(reading.ClassAxis, trace, opset, dims, values, model);
        float[] scores = layout.ToClassLast(values), given = layout.ToClassLast(outputs.GetTensorDataAsSpan<float>());
        evidence ??= (reading.Probabilities == true && layout.Classes == 1 ? KindEvidence.DeclaredProbability : null) ?? KindEvidence.OfValues(given, layout.Classes);
        var shapeGiven = outputs.GetTensorTypeAndShape().Shape;
        if (evidence is null or { Kind: OutputKind.Detector } && !reading.IsTrained
            && new DetectorReading(trace.Output, model, dims, clues.Joins, clues.Metadata) { Layer = wanted.Layer, More = clues.More }.Find(
                new(reading.ClassAxis, reading.Boxes, reading.Objectness, reading.Probabilities) { Suppressed = reading.Suppressed, Background = reading.Background }, values, evidence is not null) is var (detector, columns))
            return new(detector, columns, null, isScalar) { Given = GivenOutput.Find(trace, detector, shapeGiven, columns) };
        evidence ??= KindEvidence.OfName(trace.Output, layout.Classes)
            ?? KindEvidence.OfName(trace.Source, layout.Classes) ?? labels(layout) ?? (layout.Classes > 1 || weights?.Kind == OutputKind.Values ? weights : null)
            ?? throw LogitHead.Unclear(trace, layout, model);
        if (evidence.Kind == OutputKind.Classes && trace.PairsOf is { } classes)
            throw new InputException(
                "The model's scores compare classes two by two, and are no scores of classes.", $"output '{trace.Output}' of {model}",
                $"{layout.Classes} margins of an SVMClassifier of {classes} classes: the highest of them does not say the class", "a score for each class",
                "export it with probabilities (scikit-learn: SVC(probability=True)) or with decision_function_shape='ovr'; or learn the margins as numbers: 'kind: values'");
        if (evidence.Kind == OutputKind.Classes && trace is { Activation: HeadActivation.None, ChosenSmallest: { } chooser })
            throw new InputException(
                "The smallest of the model's values is chosen, so that they are no scores of classes.", $"output '{trace.Output}' of {model}",
                $"node '{chooser}' (ArgMin) reads it: distances, or costs", "scores of which the highest counts",
                "learn them as numbers: 'kind: values'; or give the file a Neg behind them, and name that (output:)");
        if (evidence.Kind != OutputKind.Detector && (reading.Boxes is not null || reading.Objectness is not null || reading.Background is not null))
            throw new InputException(
                "A key is for detector heads, and the output is none.", $"output '{trace.Output}' of {model}",
                $"'{(reading.Boxes is not null ? "boxes" : reading.Objectness is not null ? "objectness" : "background")}', and an output that holds {evidence.Kind.Word()}", "a detector head",
                "remove the key, name the output with boxes and scores (output:), or say that it is one: kind: detector");
        var head = evidence.Kind == OutputKind.Detector ? DetectorReading.OfTrained(reading.Probabilities, scores, layout.Classes, trace.Output)
            : reading.IsTrained && LogitHead.OfTrained(evidence, reading.Kind, trace, layout.Classes, scores) is { } known
            ? known
            : reading.Probabilities is { } named && trace.Activation == HeadActivation.None && evidence.Kind is OutputKind.Classes or OutputKind.Labels
                ? LogitHead.OfNamed(evidence, named, trace, given, layout.Classes, model)
                : LogitHead.Establish(
                    evidence, trace, given, scores, layout.Classes, model, reading.IsTrained || clues.Metadata.ContainsKey(KindEvidence.MetadataKey) || clues.Metadata.ContainsKey(HeadMetadata.Key));
        var picking = reading.Picks is { } picks ? new Picking(picks, opset) : null;
        return new(head, layout, picking?.Fits(head, layout) == true ? picking : null, isScalar)
        {
            Given = GivenOutput.Find(trace, head, shapeGiven, layout),
        };
    }

    /// <summary>Runs labelled samples, to see whether what a tensor says agrees with them; only outputs of one position have such labels.</summary>
    private Func<RowLayout, KindEvidence?> Labels(InferenceSession session, string read) => layout =>
    {
        if (layout.Positions != 1 || known?.Invoke(Labelled) is not { Labels: { Length: > 0 } labels } some)
            return null;
        var batch = input.FixedBatch ?? labels.Length;
        var values = new float[labels.Length / batch * batch * layout.Classes];
        for (var first = 0; first + batch <= labels.Length; first += batch)
        {
            using var run = new RunOptions();
            using var samples = OrtValue.CreateTensorValueFromMemory(
                OrtMemoryInfo.DefaultInstance, some.Samples.AsMemory(first * input.SampleElements, batch * input.SampleElements), input.ShapeOf(batch));
            using var results = Run(session, run, samples, [read], e => RunFailure.OfBatch(e, model, batch));
            results[0].GetTensorDataAsSpan<float>().CopyTo(values.AsSpan(first * layout.Classes));
        }

        return KindEvidence.OfLabels(values, layout.Classes, labels.AsSpan(0, values.Length / layout.Classes));
    };

    /// <summary>Runs so many samples, or a few more: of the set, where there is one that has as many, else made-up ones.</summary>
    private float[] Run(InferenceSession session, string read, int count)
    {
        var batch = input.FixedBatch ?? count;
        count = (count + batch - 1) / batch * batch;
        var samples = known?.Invoke(count).Samples is { } some && some.Length >= count * input.SampleElements ? some : input.MakeUp(count);
        var values = new List<float>();
        for (var first = 0; first < count; first += batch)
        {
            using var run = new RunOptions();
            using var fed = OrtValue.CreateTensorValueFromMemory(
                OrtMemoryInfo.DefaultInstance, samples.AsMemory(first * input.SampleElements, batch * input.SampleElements), input.ShapeOf(batch));
            using var results = Run(session, run, fed, [read], e => RunFailure.OfBatch(e, model, batch));
            values.AddRange(results[0].GetTensorDataAsSpan<float>());
        }

        return [.. values];
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(InferenceSession session, RunOptions run, OrtValue samples, string[] read, Func<OnnxRuntimeException, InputException> failure)
    {
        try
        {
            return session.Run(run, [fed], [samples], read);
        }
        catch (OnnxRuntimeException e) when (run.Terminate)
        {
            throw ModelLimits.TooLong(model, e);
        }
        catch (OnnxRuntimeException e) when (ModelLimits.IsOutOfMemory(e))
        {
            throw ModelLimits.TooMuchMemory(model, e);
        }
        catch (OnnxRuntimeException e)
        {
            throw failure(e);
        }
    }

    /// <summary>Whether a batch of one sample runs, where others do not.</summary>
    private bool RunsAlone(InferenceSession session, string[] read, ModelTrial trial)
    {
        if (input.FixedBatch is not null)
            return false;
        try
        {
            using var run = new RunOptions();
            using var clock = trial.WhenOver(() => run.Terminate = true);
            using var samples = OrtValue.CreateTensorValueFromMemory(input.MakeUp(1), input.ShapeOf(1));
            session.Run(run, [fed], [samples], read).Dispose();
            return true;
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
    }
}

/// <summary>A tensor that is wanted, with what is known of it before the model runs.</summary>
/// <param name="Reading">What is wanted.</param>
/// <param name="Trace">What the graph's structure claims about it.</param>
/// <param name="Evidence">What it holds; <c>null</c>: values or names must tell.</param>
/// <param name="Weights">What the names of its last weights say, if nothing else says anything.</param>
internal sealed record WantedTensor(ModelReading Reading, LogitTrace Trace, KindEvidence? Evidence, KindEvidence? Weights = null)
{
    /// <summary>What is joined behind it, if it may be a detector head.</summary>
    public IReadOnlyList<ColumnJoin> Joins { get; init; } = [];

    /// <summary>The layer that gives it as it is; <c>null</c>: there is arithmetic between the two.</summary>
    public LastLayer? Layer { get; init; }
}
