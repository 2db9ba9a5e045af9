using System.Text.Json;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>What a process says of its work to the one that started it, a line of JSON each time.</summary>
/// <param name="Stage">The stage that is at work; <c>null</c>: a warning.</param>
/// <param name="Progress">How far it is.</param>
/// <param name="Warning">A warning.</param>
internal sealed record ProgressLine(string? Stage = null, StageProgress? Progress = null, string? Warning = null)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly JsonSerializerOptions Options = new(CanonicalJson.Options) { WriteIndented = false };

    /// <summary>A reporter that says all of it, progress at most five times a second.</summary>
    /// <param name="output">Where to.</param>
    public static StageReporter Reporter(TextWriter output)
    {
        var (time, said) = (TimeProvider.System, 0L);
        return new(TextWriter.Null, live: false)
        {
            Warned = text => Write(new(Warning: text)),
            Follow = (stage, progress) =>
            {
                if (progress.Done < progress.Total && time.GetElapsedTime(said) < Interval)
                    return;
                said = time.GetTimestamp();
                Write(new(stage, progress));
            },
        };

        void Write(ProgressLine line)
        {
            output.WriteLine(JsonSerializer.Serialize(line, Options));
            output.Flush();
        }
    }

    /// <summary>Reads a line; <c>null</c>: it is something else, as a library may write.</summary>
    public static ProgressLine? Parse(string line)
    {
        try
        {
            return line.StartsWith('{') ? JsonSerializer.Deserialize<ProgressLine>(line, Options) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
