using System.Text.Json.Nodes;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.LogitCaches;

/// <summary>How several teachers become one stream.</summary>
public enum Combination
{
    /// <summary>One teacher, or several that are kept apart: their own values.</summary>
    Single,

    /// <summary>The logarithm of the weighted arithmetic mean of the teachers' probabilities (Hinton et al. 2015, section 2).</summary>
    MeanOfProbabilities,

    /// <summary>The weighted mean of the teachers' logits (the geometric mean of their probabilities).</summary>
    MeanOfLogits,

    /// <summary>As <see cref="MeanOfProbabilities"/>, each teacher's share times its largest probability: who is surer of a sample weighs more.</summary>
    ByConfidence,

    /// <summary>
    /// As <see cref="MeanOfProbabilities"/>, each teacher's share divided by the entropy of its probabilities: labels of lower entropy count more,
    /// as in Kwon et al., "Adaptive knowledge distillation based on entropy", ICASSP 2020.
    /// </summary>
    ByEntropy,

    /// <summary>
    /// What is nearest to the first teacher and to those of the others, specialists of some classes, that are active on a sample (Hinton et al. 2015, section 5.4);
    /// made by a stage of its own, not by a capture.
    /// </summary>
    Specialists,
}

/// <summary>One teacher of a cache.</summary>
/// <param name="File">The model's file name, for people; not part of the key.</param>
/// <param name="Digest">SHA-256 (lower-case hex) over the model's bytes and its external data.</param>
/// <param name="Input">The input that was fed.</param>
/// <param name="Output">The tensor that is its answer.</param>
/// <param name="Kind">What that tensor holds.</param>
/// <param name="Weight">The teacher's share; the shares of an ensemble sum to 1.</param>
/// <param name="Preprocessing">What was done to the samples before this teacher saw them.</param>
/// <param name="ClassAxis">The tensor's class axis as the user named it; <c>null</c>: it was found.</param>
/// <param name="Classes">For each of its classes the student's, <c>null</c> for one that the student does not have; <c>null</c>: they are the same.</param>
/// <param name="SamplesDigest">The digest of what it saw of the samples, where that is not what the student sees; else <c>null</c>.</param>
/// <param name="Inputs">What its inputs were fed with, apart from those that samples have by the same name; <c>null</c>: nothing.</param>
/// <param name="Probabilities">Whether the user named its answer probabilities, or said that it holds none; <c>null</c>: it was found.</param>
/// <param name="FurtherAxes">Class axes of its further outputs as the user named them, <c>NAME AXIS</c> with commas; <c>null</c>: all were found.</param>
public sealed record CachedTeacher(
    string File, string Digest, string Input, string Output, StreamKind Kind, double Weight, Preprocessing Preprocessing,
    int? ClassAxis = null, IReadOnlyList<int?>? Classes = null, string? SamplesDigest = null,
    string? Inputs = null, bool? Probabilities = null, string? FurtherAxes = null);

/// <summary>Everything that decides the numbers in a cache. Two caches of equal identity are interchangeable.</summary>
public sealed record CacheIdentity
{
    /// <summary>Why no cache can be made from this; <c>null</c>: one can.</summary>
    /// <param name="batchSize">Rows per batch.</param>
    public string? Problem(int batchSize) => CacheIdentityRules.Problem(this, batchSize);

    /// <summary>The teachers, in order.</summary>
    public required IReadOnlyList<CachedTeacher> Teachers { get; init; }

    /// <summary>How they were combined, as far as a stream combines them.</summary>
    public required Combination Combination { get; init; }

    /// <summary>What is stored for each row: one stream or more, of distinct names.</summary>
    public required IReadOnlyList<CacheStream> Streams { get; init; }

    /// <summary>Where the teachers ran: <c>cpu</c> or <c>cuda</c>.</summary>
    public required string Provider { get; init; }

    /// <summary>The arithmetic the teachers ran in: <c>fp32</c> or <c>fp16</c>.</summary>
    public required string Precision { get; init; }

    /// <summary>
    /// How a teacher's integers were multiplied, where one has any: the processor's class and ONNX Runtime's option, such as
    /// <c>x64-vnni exact</c>; <c>null</c>: all teachers compute in floats.
    /// </summary>
    public string? Integers { get; init; }

    /// <summary>The random views that were captured.</summary>
    public required Augmentation Augmentation { get; init; }

    /// <summary>The seed of the views and of storages that draw; 0 where nothing is drawn.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Views per sample; 1 without augmentation.</summary>
    public required int Views { get; init; }

    /// <summary><see cref="TransferSets.TransferSet.SamplesDigest"/> of the set.</summary>
    public required string SamplesDigest { get; init; }

    /// <summary>Samples in the set.</summary>
    public required long Samples { get; init; }

    /// <summary>The id of the set's first sample (ids count up from it, and decide the random views); default 0.</summary>
    public long FirstId { get; init; }

    /// <summary>Rows in all: samples × views.</summary>
    public long Rows => Samples * Views;

    /// <summary>The number of bytes that one row takes on disk: all streams and the sample's id.</summary>
    public long BytesPerRow => Streams.Sum(stream => stream.BytesPerRow) + sizeof(long);

    /// <summary>The canonical text of all that counts: the teachers' file names are blank in it.</summary>
    internal string Key => CanonicalJson.Serialize(this with { Teachers = [.. Teachers.Select(teacher => teacher with { File = "" })] });

    /// <summary>The sample's id, the view and the seed of a row.</summary>
    internal RowKey RowKey(long row) => new(Seed, FirstId + row % Samples, (int)(row / Samples));

    /// <summary>Equality of all that counts.</summary>
    public bool Equals(CacheIdentity? other) => other is not null && Key == other.Key;

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    /// <summary>The first field in which two identities differ; <c>null</c> if they are equal.</summary>
    /// <param name="found">What a cache says.</param>
    /// <param name="expected">What is wanted.</param>
    internal static (string Field, string Found, string Expected)? Difference(CacheIdentity found, CacheIdentity expected) =>
        Difference("", JsonNode.Parse(found.Key), JsonNode.Parse(expected.Key));

    private static (string Field, string Found, string Expected)? Difference(string field, JsonNode? found, JsonNode? expected)
    {
        if (JsonNode.DeepEquals(found, expected))
            return null;
        if (found is JsonObject foundObject && expected is JsonObject expectedObject)
            return foundObject.Concat(expectedObject).Select(p => p.Key).Distinct()
                .Select(key => Difference(field.Length == 0 ? key : $"{field}.{key}", foundObject[key], expectedObject[key]))
                .First(difference => difference is not null);
        if (found is JsonArray foundArray && expected is JsonArray expectedArray && foundArray.Count == expectedArray.Count)
            return foundArray.Select((value, i) => Difference($"{field}[{i}]", value, expectedArray[i]))
                .First(difference => difference is not null);
        return (field, found?.ToJsonString() ?? "nothing", expected?.ToJsonString() ?? "nothing");
    }
}
