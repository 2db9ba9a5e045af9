using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>The figures of each epoch as lines of JSON: <c>events.jsonl</c>, and the history in checkpoints.</summary>
internal static class EventLog
{
    /// <summary>The file's name.</summary>
    public const string FileName = "events.jsonl";

    private static readonly JsonSerializerOptions Options = new(CanonicalJson.Options)
    {
        WriteIndented = false,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <summary>One line per epoch.</summary>
    public static string Format(IEnumerable<EpochEvent> events) =>
        events.Aggregate(new StringBuilder(), (text, line) => text.Append(JsonSerializer.Serialize(line, Options)).Append('\n')).ToString();

    /// <summary>Reads what <see cref="Format"/> wrote.</summary>
    public static List<EpochEvent> Parse(string lines) =>
        [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<EpochEvent>(line, Options)!)];

    /// <summary>Writes the file anew; a checkpoint holds the same.</summary>
    public static void Write(string folder, IEnumerable<EpochEvent> events) =>
        AtomicFile.WriteAllText(Path.Combine(folder, FileName), Format(events), isDerived: true);
}
