using System.Diagnostics;
using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Progress;

/// <summary>
/// What the program did when, as a file in the Trace Event Format that chrome://tracing and Perfetto show. While nobody records, a span
/// costs the reading of one field.
/// </summary>
internal sealed class Profile : IDisposable
{
    /// <summary>The lane of what is not said to run beside it.</summary>
    public const string MainLane = "main";

    /// <summary>The most spans of a file; what comes after them is counted.</summary>
    public const int MaxSpans = 1_000_000;

    private static Profile? current;

    private readonly string path;
    private readonly long start = Stopwatch.GetTimestamp();
    private readonly List<(string Name, string Lane, long Start, long End)> spans = [];
    private long dropped;

    private Profile(string path) => this.path = path;

    /// <summary>Whether somebody records. To be asked where a name takes work to make.</summary>
    public static bool IsOn => Volatile.Read(ref current) is not null;

    /// <summary>Records until it is disposed, and then writes the file.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <exception cref="InputException">Its folder does not exist.</exception>
    /// <exception cref="InvalidOperationException">A recording is under way.</exception>
    public static Profile RecordTo(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (!Directory.Exists(folder))
            throw new InputException("The folder of the profile does not exist.", "--profile", path, "a file in an existing folder");
        if (File.Exists(path) && !InputFile.Guard(path, "A profile", () => File.ReadLines(path).FirstOrDefault(""))
            .StartsWith("{\"traceEvents\"", StringComparison.Ordinal))
            throw new InputException("The profile would replace a file that is not a profile.", "--profile", path, "a profile, or no file", "choose another file");
        var profile = new Profile(path);
        return Interlocked.CompareExchange(ref current, profile, null) is null
            ? profile
            : throw new InvalidOperationException("A profile is being recorded.");
    }

    /// <summary>Begins a span; it ends when it is disposed, or when its next part begins.</summary>
    /// <param name="name">What is done.</param>
    /// <param name="lane">Spans of a lane follow one another or lie within one another; default <see cref="MainLane"/>.</param>
    /// <returns><c>null</c> while nobody records.</returns>
    public static Span? Start(string name, string lane = MainLane) =>
        Volatile.Read(ref current) is { } profile ? new(profile, name, lane) : null;

    /// <summary>Ends the recording.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref current, null, this) == this)
            AtomicFile.Write(path, Write);
    }

    private void Add(string name, string lane, long from)
    {
        var span = (name, lane, from, Stopwatch.GetTimestamp());
        lock (spans)
        {
            if (spans.Count < MaxSpans)
                spans.Add(span);
            else
                dropped++;
        }
    }

    private void Write(Stream stream)
    {
        lock (spans)
        {
            using var json = new Utf8JsonWriter(stream);
            var lanes = spans.Select(span => span.Lane).Prepend(MainLane).Distinct().ToList();
            json.WriteStartObject();
            json.WriteStartArray("traceEvents");
            foreach (var lane in lanes)
            {
                WriteStart(json, "thread_name", "M", lanes.IndexOf(lane));
                json.WriteStartObject("args");
                json.WriteString("name", lane);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            foreach (var (name, lane, from, to) in spans.OrderBy(span => span.Start))
            {
                WriteStart(json, name, "X", lanes.IndexOf(lane));
                json.WriteNumber("ts", Stopwatch.GetElapsedTime(start, from).TotalMicroseconds);
                json.WriteNumber("dur", Stopwatch.GetElapsedTime(from, to).TotalMicroseconds);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteString("displayTimeUnit", "ms");
            json.WriteStartObject("otherData");
            json.WriteNumber("droppedSpans", dropped);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void WriteStart(Utf8JsonWriter json, string name, string phase, int lane)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("ph", phase);
        json.WriteNumber("pid", 1);
        json.WriteNumber("tid", lane);
    }

    /// <summary>Something that takes time, in parts that follow one another or as a whole.</summary>
    public sealed class Span : IDisposable
    {
        private readonly Profile profile;
        private readonly string lane;
        private string name;
        private long from = Stopwatch.GetTimestamp();

        internal Span(Profile profile, string name, string lane) => (this.profile, this.name, this.lane) = (profile, name, lane);

        /// <summary>Ends this part and begins the next.</summary>
        /// <param name="part">What is done now.</param>
        public void Next(string part)
        {
            Dispose();
            (name, from) = (part, Stopwatch.GetTimestamp());
        }

        /// <summary>Ends it.</summary>
        public void Dispose() => profile.Add(name, lane, from);
    }
}
