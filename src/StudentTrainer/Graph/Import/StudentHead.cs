using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>An output that a student learns: how its scores are found in the graph, and how they lie.</summary>
/// <param name="signal">What terms call it.</param>
/// <param name="trace">Where the scores are.</param>
/// <param name="kind">What was asked for; <c>null</c>: nothing.</param>
/// <param name="classAxis">The axis of the classes that was asked for; <c>null</c>: none.</param>
/// <param name="version">The operator set.</param>
internal sealed class StudentHead(string signal, LogitTrace trace, OutputKind? kind, int? classAxis, int version)
{
    // As many as tell distributions from other values.
    private const int LayoutSamples = 5;

    /// <summary>What terms call it.</summary>
    public string Signal => signal;

    /// <summary>The output, or the tensor inside the graph, that was asked for.</summary>
    public string Output => trace.Output;

    /// <summary>What it holds: what was asked for, else what its last operator says; <c>null</c>: nothing tells.</summary>
    public OutputKind? Kind => kind ?? KindEvidence.OfActivation(trace)?.Kind;

    /// <summary>The tensor that losses are computed from: the output, or what its final softmax or sigmoid reads.</summary>
    /// <exception cref="UnsupportedModelException">The output ends in the activation of another kind.</exception>
    public string FindLogits() => (Kind, trace.Activation) switch
    {
        (OutputKind.Values or OutputKind.Embedding or OutputKind.Detector, _) => Output,
        (OutputKind.Classes, HeadActivation.Sigmoid) => throw WrongActivation("logits, or a softmax over classes"),
        (OutputKind.Labels, HeadActivation.Softmax or HeadActivation.LogSoftmax) => throw WrongActivation("logits of independent labels, or a sigmoid"),
        _ => trace.Logits,
    };

    /// <summary>Finds the classes among the axes of the logits.</summary>
    /// <param name="logits">What the student gave for some samples: [N, ...].</param>
    /// <exception cref="InputException">The axis that was asked for does not exist, or the softmax is over another.</exception>
    /// <exception cref="UnsupportedModelException">The softmax is not over one axis of classes.</exception>
    public RowLayout LayoutOf(Tensor logits)
    {
        using var few = logits.detach().narrow(0, 0, Math.Min(logits.shape[0], LayoutSamples)).to(float32, CPU).contiguous();
        return ClassAxis.Find(classAxis, trace, version, logits.shape[1..], few.Values<float>(), "the student");
    }

    /// <summary>What its probabilities are of, where it holds some and nothing before them could be found to learn: those of classes, of labels, or a detector's; <c>null</c>: it holds none.</summary>
    /// <param name="logits">What the student gave for some samples: [N, ...].</param>
    public OutputKind? ProbabilitiesOf(Tensor logits)
    {
        if (trace.Activation != HeadActivation.None || Kind is OutputKind.Values or OutputKind.Embedding)
            return null;
        using var few = logits.detach().narrow(0, 0, Math.Min(logits.shape[0], LayoutSamples)).to(float32, CPU).contiguous();
        var layout = LayoutOf(logits);
        var values = layout.ToClassLast(few.Values<float>());
        return Kind switch
        {
            OutputKind.Detector => layout.Classes > DetectorForm.BoxColumns && DetectorForm.AreProbabilities(values, layout.Classes) ? OutputKind.Detector : null,
            OutputKind.Labels => ComeFromSigmoids() ? OutputKind.Labels : null,
            _ when layout.Classes == 1 => ComeFromSigmoids() ? OutputKind.Labels : null,
            _ => Distributions.AreProbabilities(values, layout.Classes) ? OutputKind.Classes : null,
        };

        bool ComeFromSigmoids() => trace.Inner == HeadActivation.Sigmoid && Distributions.AllIn01(values);
    }

    private UnsupportedModelException WrongActivation(string expected) => new(
        $"The student's output does not hold {(Kind == OutputKind.Classes ? "scores of classes of which one is right" : "scores of independent labels")}.",
        $"output '{Output}'", $"it ends in {trace.Activation}", expected, "export the student without its last activation");
}
