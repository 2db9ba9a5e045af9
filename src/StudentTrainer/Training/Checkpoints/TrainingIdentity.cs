using System.Text.Json.Nodes;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Losses;

namespace OnnxKd.StudentTrainer.Training.Checkpoints;

/// <summary>Everything that decides the weights of a training, and so whether a checkpoint may be gone on with.</summary>
/// <param name="Options">The settings, without what cannot change the weights, so that a training can move to another machine.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Objective">The terms.</param>
/// <param name="InitialModel">SHA-256 of the student's bytes.</param>
/// <param name="Import">How the model became a student.</param>
/// <param name="Preprocessing">What is done to samples.</param>
/// <param name="Samples">The digest of the samples.</param>
/// <param name="Labels">The digest of the labels.</param>
/// <param name="Cache">The digest of the cache.</param>
/// <param name="EvaluationSamples">The digest of the evaluation samples.</param>
/// <param name="EvaluationLabels">The digest of their labels.</param>
/// <param name="EvaluationCache">The digest of the teacher's logits for them.</param>
/// <param name="Lengths">The digest of the samples' lengths.</param>
/// <param name="EvaluationLengths">The digest of the evaluation samples' lengths.</param>
internal sealed record TrainingIdentity(
    JsonObject Options, ulong Seed, IReadOnlyList<TermIdentity> Objective, string InitialModel, StudentImport Import,
    Preprocessing Preprocessing, string Samples, string? Labels, string? Cache, string? EvaluationSamples, string? EvaluationLabels, string? EvaluationCache,
    string? Lengths, string? EvaluationLengths)
{
    /// <summary>Puts an identity together; the sets are read through once for their digests.</summary>
    public static string Describe(
        OnnxModel student, StudentImport import, TrainingData data, IReadOnlyList<TermOptions> objective, TrainingOptions options) =>
        CanonicalJson.Serialize(new TrainingIdentity(
            SettingJson.Write(options), options.Seed,
            [.. objective.Select(TermIdentity.Of)], student.ContentDigest, import, data.Preprocessing,
            data.Transfer.SamplesDigest, data.Transfer.LabelsDigest, data.Cache?.Digest,
            data.Evaluation?.SamplesDigest, data.Evaluation?.LabelsDigest, data.EvaluationCache?.Digest,
            data.Transfer.LengthsDigest, data.Evaluation?.LengthsDigest));

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

/// <summary>A term of the objective.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Weight">(epoch, weight) pairs.</param>
/// <param name="Temperature">Its temperature.</param>
/// <param name="Stream">Its stream.</param>
internal sealed record TermIdentity(string Name, IReadOnlyList<double[]> Weight, double Temperature, string? Stream)
{
    /// <summary>What identifies a term.</summary>
    public static TermIdentity Of(TermOptions term) =>
        new(term.Name, [.. term.Weight.Points.Select(point => new[] { point.Epoch, point.Weight })], term.Temperature, term.Stream);
}
