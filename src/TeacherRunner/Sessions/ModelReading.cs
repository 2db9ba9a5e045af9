using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>A tensor that is wanted from a model.</summary>
public sealed record ModelReading
{
    /// <summary>
    /// Its name: an output, or a tensor inside the graph; default: the only float output. From an output, the logits before a final Softmax,
    /// LogSoftmax or Sigmoid are found by tracing; a tensor inside the graph is taken as it is.
    /// </summary>
    public string? Tensor { get; init; }

    /// <summary>Whether it is taken as it is, whatever it holds, instead of as class scores; needs a name.</summary>
    public bool IsFeature { get; init; }

    /// <summary>What it holds; default: found (<see cref="KindEvidence"/>).</summary>
    public OutputKind? Kind { get; init; }

    /// <summary>
    /// Whether it is a student's, whose trainer took the tensor for what its last operator says, else for class scores: no evidence is asked for.
    /// </summary>
    public bool IsTrained { get; init; }

    /// <summary>Whether scores that no final activation tells are probabilities, else logits; default: found.</summary>
    public bool? Probabilities { get; init; }

    /// <summary>How states of tokens become one row; default: they stay as they are.</summary>
    public TokenPool? Pooling { get; init; }

    /// <summary>Of a detector head in two outputs: the one with the scores, <see cref="Tensor"/> being the one with the boxes; default: it is one output.</summary>
    public string? Scores { get; init; }

    /// <summary>Of a detector head: how its boxes are written; default: found.</summary>
    public BoxForm? Boxes { get; init; }

    /// <summary>Of a detector head: whether it has an objectness; default: found.</summary>
    public bool? Objectness { get; init; }

    /// <summary>Of a detector head: which of its scores says that there is nothing; default: found.</summary>
    public BackgroundColumn? Background { get; init; }

    /// <summary>Of a detector head: how the graph's own suppression reads its boxes; <c>null</c>: it has none.</summary>
    internal BoxForm? Suppressed { get; init; }

    /// <summary>Where only the largest class scores will be stored: which, so that a session on a GPU need not give the others.</summary>
    internal TopK? Picks { get; init; }

    /// <summary>The axis that counts the classes, with the batch as axis 0, or negative from the end; default: found.</summary>
    public int? ClassAxis { get; init; }
}

/// <summary>A tensor that a session gives for every sample.</summary>
/// <param name="Tensor">The tensor that is read: the logits, where they were found behind an output.</param>
/// <param name="Kind">What its values are.</param>
/// <param name="Shape">Its shape per sample; of class scores the classes are the last axis, and axes of length 1 are left out.</param>
public sealed record ModelOutput(string Tensor, StreamKind Kind, IReadOnlyList<int> Shape)
{
    /// <summary>How its kind is known.</summary>
    public string Evidence { get; init; } = "";

    /// <summary>What the columns of a detector head are; <c>null</c>: it is none, or they are those of its teacher.</summary>
    public DetectorForm? Detector { get; init; }

    /// <summary>Whether the tensor itself holds probabilities, of which a run gives logits.</summary>
    internal bool AreProbabilities { get; init; }

    /// <summary>Values per sample.</summary>
    public int Elements { get; } = checked(Shape.Aggregate(1, (product, d) => product * d));

    /// <summary>The last axis: of class scores, the classes. A model of one sigmoid column has two: the logits [0, z].</summary>
    public int Classes => Shape[^1];

    /// <summary>Rows of class scores per sample: 1, or the frames, or the pixels.</summary>
    public int Positions => Elements / Classes;

    /// <summary>Which of the class scores a run gives (as <see cref="TopK.PickedValues"/>); <c>null</c>: all of them.</summary>
    internal TopK? Picks { get; init; }

    /// <summary>Values per sample that a run gives.</summary>
    internal int ValuesPerRun => Picks is null ? Elements : Positions * Picks.PickedValues;
}

/// <summary>Where and how a session runs.</summary>
public sealed record SessionSettings
{
    /// <summary><c>auto</c> (CUDA, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. Default <c>auto</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>On the CPU: how many runs go on at the same time, a thread each. Default: the processors.</summary>
    public int? Threads { get; init; }

    /// <summary>The arithmetic; default: the file's own.</summary>
    public Precision Precision { get; init; } = Precision.Fp32;

    /// <summary>A set whose labels may tell what an output holds, where nothing else does; default: none.</summary>
    public TransferSet? Known { get; init; }

    /// <summary>What its inputs are fed with, apart from those that samples have by the same name; default: nothing.</summary>
    public InputFeeds Inputs { get; init; } = InputFeeds.None;

    /// <summary>What is done to the known set's samples.</summary>
    public Preprocessing KnownPreprocessing { get; init; } = Preprocessing.None;

    /// <summary>Whether <see cref="ModelReading.Picks"/> are picked in the session; default: on a GPU, where copying costs more.</summary>
    internal bool? PicksInSession { get; init; }
}

/// <summary>Some samples of a set, from all over it, for it may be sorted by class.</summary>
/// <param name="Samples">Count × sample elements, preprocessed.</param>
/// <param name="Labels">The class of each; empty: the set has none.</param>
internal sealed record KnownSamples(float[] Samples, int[] Labels)
{
    /// <summary>Reads some.</summary>
    /// <param name="set">The set.</param>
    /// <param name="preprocessing">What is done to its samples.</param>
    /// <param name="most">How many at most.</param>
    public static KnownSamples Of(TransferSet set, Preprocessing preprocessing, int most)
    {
        var count = (int)Math.Min(most, set.Count);
        long[] rows = [.. Enumerable.Range(0, count).Select(i => i * set.Count / count)];
        var values = new float[count * set.SampleElements];
        new SampleReader(set, preprocessing, Augmentation.None, seed: 0).Read(rows, view: 0, values);
        var labels = set.Labels.ToArray();
        return new(values, labels.Length == 0 ? [] : [.. rows.Select(row => labels[row])]);
    }
}
