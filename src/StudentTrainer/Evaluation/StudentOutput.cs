using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph.Import;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Evaluation;

/// <summary>What a student gives for one sample.</summary>
/// <param name="Name">The output.</param>
/// <param name="Layout">How it lies in the model.</param>
/// <param name="Kind">What it holds; <c>null</c>: what terms take it for.</param>
internal sealed record StudentOutput(string Name, RowLayout Layout, OutputKind? Kind = null)
{
    /// <summary>What terms call it.</summary>
    public string Signal { get; init; } = "";

    /// <summary>What its probabilities are of, which are learned and measured as logits; <c>null</c>: it gives none.</summary>
    public OutputKind? ProbabilitiesOf { get; private init; }

    /// <summary>[positions..., classes]: the classes are moved to the end.</summary>
    public IReadOnlyList<int> Shape { get; } = [.. Layout.Permutation.Skip(1).Select(axis => checked((int)Layout.Dims[axis - 1]))];

    /// <summary>The number of classes.</summary>
    public int Classes => Shape[^1];

    /// <summary>Positions of a sample (frames, pixels); 1 for a classifier of samples.</summary>
    public int Positions => Shape.SkipLast(1).Aggregate(1, (product, size) => checked(product * size));

    /// <summary>The output of a run.</summary>
    /// <param name="head">Which output of the student.</param>
    /// <param name="name">The tensor's name.</param>
    /// <param name="logits">What it gave, as it lies in the model.</param>
    /// <param name="samples">How many samples were run.</param>
    /// <exception cref="InputException">There are not logits for each sample.</exception>
    public static StudentOutput Of(StudentHead head, string name, Tensor logits, long samples) =>
        logits.ndim >= 1 && logits.shape[0] == samples
        ? new(name, head.LayoutOf(logits), head.Kind) { Signal = head.Signal, ProbabilitiesOf = head.ProbabilitiesOf(logits) }
        : throw new InputException(
            "The student's output does not hold something for each sample.",
            $"output '{name}'", Shapes.Format(logits.shape), $"[{samples}, classes], or positions such as frames between the two");

    /// <summary>Whether a set has a label for each of the positions.</summary>
    /// <param name="set">The set.</param>
    /// <param name="kind">What the output holds.</param>
    public bool HasLabels(TransferSet set, OutputKind kind) => set.HasLabelsFor(Shape, kind);

    /// <summary>The labels of rows: one for each position, or one for each column of a sample.</summary>
    public ReadOnlySpan<int> LabelsOf(TransferSet set, CountedPositions counted, long first, int rows)
    {
        if (Classes == 1)
            return counted.Labels(first, rows);
        var labels = new int[rows * Shape.Aggregate(1, (product, size) => product * size)];
        set.ReadLabels(first, labels);
        return labels;
    }

    /// <summary>Refuses a stream that does not fit.</summary>
    /// <param name="stream">What is learned from or compared with.</param>
    /// <param name="set">Whose logits it holds: transfer or evaluation.</param>
    /// <exception cref="InputException">Classes or positions differ; says both shapes.</exception>
    public void RequireFits(CacheStream stream, string set)
    {
        if (Places(Shape).SequenceEqual(Places(stream.Shape)) && Classes == stream.StudentClasses)
            return;
        var sameClasses = Classes == stream.StudentClasses;
        throw new InputException(
            $"Teacher and student differ in their {(sameClasses ? "positions (frames, pixels)" : $"number of {Columns(stream)}")}.",
            where: $"output '{Name}' of the student, and stream '{stream.Name}' in the cache of the {set} set",
            found: $"student {Shapes.Format(Shape)}, teacher {Shapes.Format(stream.StudentShape)}{(sameClasses ? Ratio(stream.Positions) : "")}",
            expected: "equal shapes for one sample, with the classes moved to the end",
            remedy: Remedy(stream, sameClasses));
    }

    private static string Columns(CacheStream stream) => stream.Kind.Output() switch
    {
        OutputKind.Labels => "labels",
        OutputKind.Detector => "columns (box and scores)",
        OutputKind.Classes => "classes",
        _ => "values",
    };

    private string Ratio(int teacher)
    {
        var common = (int)System.Numerics.BigInteger.GreatestCommonDivisor(Positions, teacher);
        return $": {Positions / common} of the student's for every {teacher / common} of the teacher's";
    }

    private string Remedy(CacheStream stream, bool sameClasses) => stream.Name != Signal && stream.Name != CacheStream.Answer
        ? $"let the student have an output of its own for it: 'outputs: [{stream.Name}]' under student"
        : Shape.Order().SequenceEqual(stream.StudentShape.Order())
        ? "name the student's axis of classes (class-axis), or transpose its output to the teacher's order of axes"
        : sameClasses && Positions == 1
            ? "where the teacher's positions are a text's tokens, make one of them: pooling: mean under the teacher; else choose a student that gives as many positions, or name another output of the teacher (output)"
        : sameClasses
            ? "change the student's strides (or the size of its samples), so that it gives as many positions as the teacher; if the teacher's classes lie along another axis, name that: class-axis under the teacher"
            : "use a student with as many outputs as the teacher has";

    /// <summary>Axes of size 1 do not tell positions apart.</summary>
    private static IEnumerable<int> Places(IReadOnlyList<int> shape) => shape.SkipLast(1).Where(size => size != 1);
}
