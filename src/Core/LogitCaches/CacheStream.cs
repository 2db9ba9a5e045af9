using System.Text.Json.Serialization;
using OnnxKd.Core.Logits;

namespace OnnxKd.Core.LogitCaches;

/// <summary>What the values of a stream are.</summary>
public enum StreamKind
{
    /// <summary>Pre-softmax logits; the last axis is the class.</summary>
    Logit,

    /// <summary>Logarithms of probabilities: logits up to a constant per position, so the softened targets are the same.</summary>
    LogProbability,

    /// <summary>An inner tensor of a teacher.</summary>
    Feature,

    /// <summary>Pre-sigmoid logits of independent labels; the last axis is the label.</summary>
    LabelLogit,

    /// <summary>Numbers of a regression.</summary>
    Value,

    /// <summary>A vector whose direction counts; the last axis is its.</summary>
    Embedding,

    /// <summary>A box and logits of scores at each anchor, as <see cref="CacheStream.Detector"/> says; the last axis is theirs.</summary>
    Detection,
}

/// <summary>What streams hold, as terms and figures tell it apart.</summary>
internal static class StreamKinds
{
    /// <summary>What a stream holds; <c>null</c>: an inner tensor.</summary>
    public static OutputKind? Output(this StreamKind kind) => kind switch
    {
        StreamKind.Logit or StreamKind.LogProbability => OutputKind.Classes,
        StreamKind.LabelLogit => OutputKind.Labels,
        StreamKind.Value => OutputKind.Values,
        StreamKind.Embedding => OutputKind.Embedding,
        StreamKind.Detection => OutputKind.Detector,
        _ => null,
    };
}

/// <summary>One named series of values in a cache: so many for each row (sample and view).</summary>
/// <param name="Name">
/// Unique in the cache: lower-case letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; <c>logits</c> where there is only one.
/// </param>
/// <param name="Tensor">The teacher's tensor that was stored.</param>
/// <param name="Teacher">The index of the teacher; <c>null</c> if all were combined.</param>
/// <param name="Kind">What the values are.</param>
/// <param name="Shape">
/// The shape of a row, class axis last: [classes], [frames, classes], [height, width, classes]; any shape for features. At least one axis.
/// </param>
/// <param name="Storage">How the values lie on disk.</param>
public sealed record CacheStream(
    string Name,
    string Tensor,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int? Teacher,
    StreamKind Kind,
    IReadOnlyList<int> Shape,
    StreamStorage Storage)
{
    /// <summary>The name of a teacher's answer, or of that of all of them combined; further outputs have names of their own.</summary>
    public const string Answer = "logits";

    /// <summary>Values at each position: the last axis.</summary>
    public int Classes => Shape[^1];

    /// <summary>Which of the student's classes the columns stand for; <c>null</c>: all of them.</summary>
    public ClassSubset? Subset { get; init; }

    /// <summary>What the columns of a detector head are; <c>null</c>: it is none.</summary>
    public DetectorForm? Detector { get; init; }

    /// <summary>How many classes a student of the stream has.</summary>
    public int StudentClasses => Subset?.Of ?? Classes;

    /// <summary>The shape of what a student of the stream gives, class axis last.</summary>
    public IReadOnlyList<int> StudentShape => Subset is null ? Shape : [.. Shape.SkipLast(1), Subset.Of];

    /// <summary>Positions in a row (frames, pixels): the product of all axes but the last.</summary>
    public int Positions
    {
        get
        {
            var positions = 1;
            for (var axis = 0; axis < Shape.Count - 1; axis++)
                positions = checked(positions * Shape[axis]);
            return positions;
        }
    }

    /// <summary>Values in a row.</summary>
    public int Values => checked(Positions * Classes);

    /// <summary>Bytes of a row as it is stored.</summary>
    public long BytesPerRow => Storage.Fields(this).Sum(part => part.Bytes);

    /// <summary>Says where one of a row's values belongs, for messages.</summary>
    /// <param name="row">All values of the row, or those that a <see cref="TopK"/> storage was given in their place.</param>
    /// <param name="index">Which of them.</param>
    public string Describe(ReadOnlySpan<float> row, int index)
    {
        if (Kind == StreamKind.Feature)
            return $"value {index}";
        var (position, c) = Storage is TopK topK && row.Length != Values ? topK.PlaceOf(row, index) : (index / Classes, index % Classes);
        return (Positions > 1 ? $"position {position}, " : "") + (c is null ? "a class that is not kept" : Kind.Output() == OutputKind.Classes ? $"class {c}" : $"column {c}");
    }
}
