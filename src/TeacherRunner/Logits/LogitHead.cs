using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;

namespace OnnxKd.TeacherRunner.Logits;

/// <summary>How the values that a session gives become a row of a cache.</summary>
internal enum LogitTransform
{
    /// <summary>As they are.</summary>
    None,

    /// <summary>log(max(p, floor)): the model gives probabilities whose logits could not be found.</summary>
    LogOfProbability,

    /// <summary>
    /// One column z becomes the two-class row [0, z]: softmax([0, z]) = [1 − sigmoid(z), sigmoid(z)], the same distribution.
    /// </summary>
    TwoClasses,

    /// <summary>One column of probabilities p becomes [0, log(p ÷ (1 − p))].</summary>
    TwoClassesOfProbability,

    /// <summary>log(p ÷ (1 − p)), p kept away from 0 and 1: probabilities of labels whose logits could not be found.</summary>
    LogOdds,

    /// <summary>The same of all columns but the first four, which are a box: a detector's.</summary>
    LogOddsOfScores,
}

/// <summary>What a model's chosen tensor holds, established by running the model.</summary>
/// <param name="Tensor">The tensor's name in the file.</param>
/// <param name="Kind">What a row holds after the transform.</param>
/// <param name="Transform">What is done to the tensor's values.</param>
/// <param name="Evidence">How the kind is known.</param>
internal sealed record LogitHead(string Tensor, StreamKind Kind, LogitTransform Transform, string Evidence)
{
    /// <summary>What the columns of a detector head are; <c>null</c>: it is none.</summary>
    public DetectorForm? Detector { get; init; }

    // Logits of a random head lie outside [0, 1] every other time.
    private const int EnoughValues = 20;
    private const double LeastOfRow = 0.5;
    private const int EnoughScores = 10; // of several columns, which seldom lie there together

    /// <summary>
    /// Tests the structure's claim on values that the model gave: the activation of the logits must be the output, row by row. Without
    /// an activation, the values themselves tell probabilities, log-probabilities and logits apart.
    /// </summary>
    /// <param name="evidence">What the output holds.</param>
    /// <param name="trace">The claim.</param>
    /// <param name="outputs">rows × columns values of the output, the classes last.</param>
    /// <param name="logits">rows × columns values of the tensor before the activation, the classes last.</param>
    /// <param name="columns">Values per row: the classes.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <param name="isOwn">Whether it is a student, trained here or about to be: what gives no distribution are logits, however they lie.</param>
    public static LogitHead Establish(
        KindEvidence evidence, LogitTrace trace, ReadOnlySpan<float> outputs, ReadOnlySpan<float> logits, int columns, string model, bool isOwn = false)
    {
        if (evidence.Kind is OutputKind.Values or OutputKind.Embedding)
            return new(
                trace.Output, evidence.Kind == OutputKind.Values ? StreamKind.Value : StreamKind.Embedding, LogitTransform.None, evidence.Reason);
        if (trace.Activation is HeadActivation.None or HeadActivation.UnitLength)
            return evidence.Kind == OutputKind.Labels
                ? LabelsWithoutActivation(trace, logits, evidence, model)
                : WithoutActivation(trace, logits, columns, evidence, model, isOwn);
        if (evidence.Kind == OutputKind.Labels && trace.Activation != HeadActivation.Sigmoid)
            throw new InputException(
                "The model's output does not hold independent labels.", $"output '{trace.Output}' of {model}", $"it ends in {trace.Activation}",
                "a Sigmoid, or no activation", "use 'kind: classes', or name another tensor (output: in a recipe)");

        if (!ActivationHolds(trace.Activation, outputs, logits, columns))
            throw new UnsupportedModelException(
                $"The model ends in {trace.Activation}, but not over classes, so it is no classifier head.",
                $"output '{trace.Output}' of {model}", $"'{trace.Output}' is not the row-wise {trace.Activation} of '{trace.Logits}'",
                "one row of class scores per sample, normalised over the classes",
                "name the tensor that holds the logits (output: in a recipe)");
        if (evidence.Kind == OutputKind.Labels)
            return new(trace.Logits, StreamKind.LabelLogit, LogitTransform.None, evidence.Reason);
        if (columns > 1)
            return new(trace.Logits, StreamKind.Logit, LogitTransform.None, evidence.Reason);
        return trace.Activation == HeadActivation.Sigmoid
            ? new(trace.Logits, StreamKind.Logit, LogitTransform.TwoClasses, evidence.Reason)
            : throw OneClass(trace, model);
    }

    /// <summary>What the scores of a student are that end in no activation, where values could not tell; <c>null</c>: they can.</summary>
    /// <param name="evidence">What the output holds.</param>
    /// <param name="named">What whoever trained it says; <c>null</c>: nothing.</param>
    /// <param name="trace">Where the scores are.</param>
    /// <param name="columns">Values per row.</param>
    /// <param name="values">Some of what the student gives there.</param>
    public static LogitHead? OfTrained(KindEvidence evidence, OutputKind? named, LogitTrace trace, int columns, ReadOnlySpan<float> values) =>
        trace.Activation != HeadActivation.None || (columns > 1 && evidence.Kind != OutputKind.Labels) ? null
        : evidence.Kind == OutputKind.Values ? new(trace.Logits, StreamKind.Value, LogitTransform.None, evidence.Reason)
        : ComesFromSigmoids(trace, values) ? OfNamed(new(named ?? OutputKind.Labels, evidence.Reason), true, trace, values, columns, "the student")
        : named == OutputKind.Classes ? new(trace.Logits, StreamKind.Logit, LogitTransform.TwoClasses, evidence.Reason)
        : new(trace.Logits, StreamKind.LabelLogit, LogitTransform.None, evidence.Reason);

    /// <summary>Scores behind no activation that could be found, of which the user says whether they are probabilities.</summary>
    /// <param name="evidence">What they are of; classes or labels.</param>
    /// <param name="areProbabilities">What the user says.</param>
    /// <param name="trace">Where they are.</param>
    /// <param name="values">Some of what the model gives there.</param>
    /// <param name="columns">Values per row.</param>
    /// <param name="model">The model, for messages.</param>
    /// <exception cref="InputException">They are no probabilities.</exception>
    public static LogitHead OfNamed(KindEvidence evidence, bool areProbabilities, LogitTrace trace, ReadOnlySpan<float> values, int columns, string model) => (evidence.Kind, areProbabilities) switch
    {
        (_, true) when Distributions.FirstOutside(values) is { } outside => throw new InputException(
            "What is called a probability is none.", $"output '{trace.Output}' of {model}", Printable.Number(outside), "0 to 1", "set probabilities: false (--probabilities false), if these are logits; else name another output"),
        (OutputKind.Labels, true) => new(trace.Logits, StreamKind.LabelLogit, LogitTransform.LogOdds, evidence.Reason),
        (OutputKind.Labels, false) => new(trace.Logits, StreamKind.LabelLogit, LogitTransform.None, evidence.Reason),
        (_, true) when columns == 1 => new(trace.Logits, StreamKind.Logit, LogitTransform.TwoClassesOfProbability, evidence.Reason),
        (_, false) when columns == 1 => new(trace.Logits, StreamKind.Logit, LogitTransform.TwoClasses, evidence.Reason),
        (_, true) => new(trace.Logits, StreamKind.LogProbability, LogitTransform.LogOfProbability, evidence.Reason),
        _ => new(trace.Logits, StreamKind.Logit, LogitTransform.None, evidence.Reason),
    };

    /// <summary>Whether the tensor itself holds probabilities.</summary>
    public bool AreProbabilities => Transform is not (LogitTransform.None or LogitTransform.TwoClasses);

    /// <summary>How many values a position has after the transform.</summary>
    /// <param name="columns">Before it.</param>
    public int Columns(int columns) => Transform is LogitTransform.TwoClasses or LogitTransform.TwoClassesOfProbability ? 2 : columns;

    /// <summary>Turns what the session wrote into rows, in place.</summary>
    /// <param name="values">rows × classes; with <see cref="LogitTransform.TwoClasses"/> the session filled only the first rows values.</param>
    /// <param name="rows">Samples × positions.</param>
    public void Apply(Span<float> values, int rows)
    {
        switch (Transform)
        {
            case LogitTransform.LogOfProbability:
                foreach (ref var value in values)
                    // Comparing this way round lets NaN through, to be reported with its sample.
                    value = MathF.Log(value < SoftmaxMath.ClassFloor ? SoftmaxMath.ClassFloor : value);
                break;
            case LogitTransform.TwoClasses:
                for (var row = rows - 1; row >= 0; row--)
                    (values[2 * row], values[2 * row + 1]) = (0, values[row]);
                break;
            case LogitTransform.TwoClassesOfProbability:
                for (var row = rows - 1; row >= 0; row--)
                    (values[2 * row], values[2 * row + 1]) = (0, SoftmaxMath.LogOdds(values[row]));
                break;
            case LogitTransform.LogOdds:
                foreach (ref var value in values)
                    value = SoftmaxMath.LogOdds(value);
                break;
            case LogitTransform.LogOddsOfScores:
                for (var (i, columns) = (0, values.Length / rows); i < values.Length; i++)
                    values[i] = i % columns < DetectorForm.BoxColumns ? values[i] : SoftmaxMath.LogOdds(values[i]);
                break;
        }
    }

    /// <summary>The error that nothing tells what an output holds.</summary>
    public static InputException Unclear(LogitTrace trace, RowLayout layout, string model)
    {
        var shape = layout.Dims.Length > 1 ? $"[{string.Join(", ", layout.Dims)}]" : layout.Classes == 1 ? "one number" : $"{layout.Classes} numbers";
        var readings = layout.Classes == 1 ? OutputKinds.ReadingsOfOne : OutputKinds.Readings;
        return new(
            "It is not clear what the model's output holds.", $"output '{trace.Output}' of {model}",
            $"{shape} for each sample, no final activation, and a name that does not tell", $"one of: {readings}",
            "say which: 'kind: classes' (or labels, values, embedding, detector) under the teacher, or --kind; labels of the samples also tell classes. "
            + $"Of several outputs that one student learns: --outputs FIRST,{trace.Output}=values, or outputs: {{ {trace.Output}: {{ tensor: {trace.Output}, kind: values }} }}. "
            + "An output that joins other heads is read head by head: name their tensors (output:, outputs:)"
            + (layout.Dims.Length == 2 ? ". States of tokens become one embedding for a text with 'pooling: mean' (--pooling mean)" : ""));
    }

    private static bool ComesFromSigmoids(LogitTrace trace, ReadOnlySpan<float> values) => trace.Inner == HeadActivation.Sigmoid && Distributions.AllIn01(values);

    private static LogitHead LabelsWithoutActivation(LogitTrace trace, ReadOnlySpan<float> values, KindEvidence evidence, string model) =>
        ComesFromSigmoids(trace, values) ? new(trace.Logits, StreamKind.LabelLogit, LogitTransform.LogOdds, evidence.Reason)
        : !Distributions.AllIn01(values) && values.Length >= EnoughValues && !values.ContainsAnyExceptInRange(0, float.MaxValue) ? throw new InputException(
            "The model's scores of labels are no logits.", $"output '{trace.Output}' of {model}", "no value below 0, and some above 1: as logits they would say yes to every label",
            "logits, or probabilities between 0 and 1",
            "name the tensor before they are scaled (output:), or learn the numbers as they are: 'kind: values'; if they are logits all the same, 'probabilities: false' under the teacher")
        : !Distributions.AllIn01(values) || trace.IsInner ? new(trace.Logits, StreamKind.LabelLogit, LogitTransform.None, evidence.Reason)
        : values.Length >= EnoughValues ? new(trace.Logits, StreamKind.LabelLogit, LogitTransform.LogOdds, evidence.Reason)
        : throw LogitOrProbability(trace, model);

    private static LogitHead WithoutActivation(LogitTrace trace, ReadOnlySpan<float> values, int columns, KindEvidence evidence, string model, bool isOwn)
    {
        if (columns == 1)
            return ComesFromSigmoids(trace, values) ? new(trace.Logits, StreamKind.Logit, LogitTransform.TwoClassesOfProbability, evidence.Reason)
                : trace.IsInner || !Distributions.AllIn01(values)
                ? new(trace.Logits, StreamKind.Logit, LogitTransform.TwoClasses, evidence.Reason)
                : throw LogitOrProbability(trace, model);
        return Distributions.AreProbabilities(values, columns)
            ? new(trace.Logits, StreamKind.LogProbability, LogitTransform.LogOfProbability, evidence.Reason)
            : Distributions.AreLogProbabilities(values, columns)
                ? new(trace.Logits, StreamKind.LogProbability, LogitTransform.None, evidence.Reason)
                : isOwn ? Logits()
                : Distributions.CommonSum(values, columns) is { } sum ? throw Shares(trace, sum, model)
                : trace.IsInner || KindEvidence.SaysLogits(trace.Output) || KindEvidence.SaysLogits(trace.Source) ? Logits()
                : MayBeProbabilities(values, columns) ? throw RoundedOrLogits(trace, model)
                : Logits();

        LogitHead Logits() => new(trace.Logits, StreamKind.Logit, LogitTransform.None, evidence.Reason);
    }

    /// <summary>Whether rows lie in [0, 1], and have on the whole too much there for logits that are all near 0.</summary>
    private static bool MayBeProbabilities(ReadOnlySpan<float> values, int columns) =>
        values.Length >= EnoughScores && Distributions.AllIn01(values) && System.Numerics.Tensors.TensorPrimitives.Sum(values) * columns / values.Length > LeastOfRow;

    private static InputException Shares(LogitTrace trace, double sum, string model) => new(
        "The model's class scores are shares of a whole, and no logits.", $"output '{trace.Output}' of {model}",
        FormattableString.Invariant($"no value below 0, and each row sums to {sum:0.###}: percentages, or votes"), "logits, or probabilities that sum to 1",
        "name the tensor before they are scaled (output:), or learn the numbers as they are: 'kind: values'; if they are logits all the same, 'probabilities: false' under the teacher");

    private static InputException RoundedOrLogits(LogitTrace trace, string model) => new(
        "It is not clear whether the model's class scores are probabilities or logits.", $"output '{trace.Output}' of {model}",
        "values between 0 and 1 that do not sum to 1, and no final activation", null,
        "say which: 'probabilities: true' or 'false' under the teacher (--probabilities); 'kind: labels' if each is the probability of a label of its own, 'kind: values' if they are neither");

    private static InputException LogitOrProbability(LogitTrace trace, string model) => new(
        "It is not clear whether the model's single column holds a logit or a probability.",
        $"output '{trace.Output}' of {model}", "values between 0 and 1, and no final Sigmoid", null,
        "say which: 'probabilities: true' or 'false' under the teacher; or name the tensor before the sigmoid (output:), or 'kind: values' if it is neither");

    private static bool ActivationHolds(HeadActivation activation, ReadOnlySpan<float> outputs, ReadOnlySpan<float> logits, int columns)
    {
        for (var start = 0; start < logits.Length; start += columns)
        {
            var row = logits.Slice(start, columns);
            if (!Distributions.AllFinite(row))
                continue; // Nothing can be concluded from it; capturing would name the sample.

            var normaliser = SoftmaxMath.LogSumExp(row);
            for (var i = 0; i < columns; i++)
            {
                double found = outputs[start + i];
                var expected = activation switch
                {
                    HeadActivation.Softmax => Math.Exp(row[i] - normaliser),
                    HeadActivation.LogSoftmax => row[i] - normaliser,
                    _ => SoftmaxMath.Sigmoid(row[i]),
                };
                if (!(Math.Abs(found - expected) <= Distributions.Tolerance * Math.Max(1, Math.Abs(expected))))
                    return false;
            }
        }

        return true;
    }

    private static UnsupportedModelException OneClass(LogitTrace trace, string model) => new(
        "The model has a single class, so there is nothing to distil.", $"output '{trace.Output}' of {model}", "1 column", "2 or more");
}
