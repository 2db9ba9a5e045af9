using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxKd.Core.Errors;
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

    /// <summary>Reads the file.</summary>
    /// <exception cref="CheckFailedException">A line is none of ours, or the epochs of a learner do not follow one another.</exception>
    public static IReadOnlyList<EpochEvent> Read(string path)
    {
        List<EpochEvent> events;
        try
        {
            events = Parse(Encoding.UTF8.GetString(InputFile.ReadAllBytes(path, "A training's events")));
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error))
        {
            throw Damaged(path, error.Message, "a line of JSON for each epoch", error);
        }
        foreach (var learner in events.GroupBy(line => line.Learner))
            foreach (var (before, line) in learner.Index())
                if (line.Epoch != before + 1)
                    throw Damaged(path, $"epoch {line.Epoch} after {before} epochs", $"epoch {before + 1}");
        return events;
    }

    private static CheckFailedException Damaged(string path, string found, string expected, Exception? inner = null) => new(
        "The events of a training are damaged.", path, found, expected,
        "delete the file: an unfinished training writes it anew with its next epoch; of a finished one delete the folder, and run the recipe again", inner);

    /// <summary>Writes the file anew.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="events">What happened so far.</param>
    /// <param name="isDerived">Whether it will be written again, or from a checkpoint, which holds the same: then it is not flushed.</param>
    public static void Write(string folder, IEnumerable<EpochEvent> events, bool isDerived = true) =>
        AtomicFile.WriteAllText(Path.Combine(folder, FileName), Format(events), isDerived);
}
