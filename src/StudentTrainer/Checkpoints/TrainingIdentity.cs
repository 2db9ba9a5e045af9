using System.Text.Json.Nodes;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Checkpoints;

/// <summary>Everything that decides the weights of a training, and so whether a checkpoint may be gone on with.</summary>
/// <param name="Options">The settings, without what cannot change the weights, so that a training can move to another machine.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Learners">The students.</param>
/// <param name="Preprocessing">What is done to samples.</param>
/// <param name="Samples">The digest of the samples.</param>
/// <param name="FirstId">The first sample's id: views are drawn by ids.</param>
/// <param name="Labels">The digest of the labels.</param>
/// <param name="Cache">The digest of the cache.</param>
/// <param name="ValidationSamples">The digest of the validation samples.</param>
/// <param name="ValidationLabels">The digest of their labels.</param>
/// <param name="ValidationCache">The digest of the teacher's logits for them.</param>
/// <param name="Lengths">The digest of the samples' lengths.</param>
/// <param name="ValidationLengths">The digest of the validation samples' lengths.</param>
internal sealed record TrainingIdentity(
    JsonObject Options, ulong Seed, IReadOnlyList<LearnerIdentity> Learners,
    Preprocessing Preprocessing, string Samples, long FirstId, string? Labels, string? Cache, string? ValidationSamples, string? ValidationLabels, string? ValidationCache,
    string? Lengths, string? ValidationLengths)
{
    /// <summary>Puts an identity together; the sets are read through once for their digests.</summary>
    public static string Describe(IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options) =>
        CanonicalJson.Serialize(new TrainingIdentity(
            SettingJson.Write(options), options.Seed,
            [.. learners.Select(LearnerIdentity.Of)], data.Preprocessing,
            data.Transfer.SamplesDigest, data.Transfer.IdOf(0), data.Transfer.LabelsDigest, data.Cache?.Digest,
            data.Validation?.SamplesDigest, data.Validation?.LabelsDigest, data.ValidationCache?.Digest,
            data.Transfer.LengthsDigest, data.Validation?.LengthsDigest));

    /// <summary>Refuses a checkpoint of another training.</summary>
    /// <exception cref="CheckFailedException">Names what differs.</exception>
    public static void RequireSame(string path, string found, string expected)
    {
        if (found == expected)
            return;
        var (left, right) = (Flatten(found), Flatten(expected));
        var different = left.Keys.Union(right.Keys).Where(key => left.GetValueOrDefault(key) != right.GetValueOrDefault(key)).Order();
        throw new CheckFailedException(
            "The checkpoint in this folder belongs to another training.",
            where: path,
            found: List(left),
            expected: List(right),
            remedy: "choose another folder, or delete this one to start anew");

        string List(Dictionary<string, string> fields) =>
            string.Join(", ", different.Select(key => $"{key} {fields.GetValueOrDefault(key, "not set")}"));
    }

    private static Dictionary<string, string> Flatten(string json)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        Visit("", JsonNode.Parse(json));
        return fields;

        void Visit(string path, JsonNode? node)
        {
            switch (node)
            {
                case JsonObject members:
                    foreach (var (name, value) in members)
                        Visit(path.Length == 0 ? name : $"{path}.{name}", value);
                    break;
                default:
                    fields[path] = node?.ToJsonString() ?? "null";
                    break;
            }
        }
    }
}

/// <summary>A student of a training.</summary>
/// <param name="Name">Its name.</param>
/// <param name="InitialModel">SHA-256 of its bytes.</param>
/// <param name="Import">How the model became a student.</param>
/// <param name="Objective">The terms, with their settings.</param>
/// <param name="Attachments">What only training adds.</param>
internal sealed record LearnerIdentity(
    string Name, string InitialModel, StudentImport Import, IReadOnlyList<JsonObject> Objective, IReadOnlyList<JsonObject> Attachments)
{
    /// <summary>What identifies a learner.</summary>
    public static LearnerIdentity Of(LearnerOptions learner) => new(
        learner.Name, learner.Student.ContentDigest, learner.Import,
        [.. learner.Objective.Select(term => term.Identity)], [.. learner.Attachments.Select(SettingJson.Write)]);
}
