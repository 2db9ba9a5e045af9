using System.Buffers.Binary;
using Google.Protobuf;
using OnnxKd.Core.Files;
using Tensorboard;

namespace OnnxKd.StudentTrainer.Logs;

/// <summary>
/// A file of TensorBoard's events: records of a length, its checksum, a message and its checksum (TFRecord), of which the first says the version.
/// The messages are TorchSharp's. Its SummaryWriter is not taken: it names the machine in the file's name, draws pictures by a call that SkiaSharp
/// no longer has, and cannot go on where a training was stopped.
/// </summary>
internal sealed class EventFile
{
    /// <summary>The file's name; TensorBoard looks for the word in it.</summary>
    public const string FileName = "events.out.tfevents.onnxkd";

    private const string Version = "brain.Event:2";
    private const int HeaderBytes = sizeof(long) + sizeof(uint);

    private readonly string path;

    private EventFile(string path) => this.path = path;

    /// <summary>Opens a file, or makes one; events of later steps, which a training will repeat, and torn ones are dropped.</summary>
    /// <param name="folder">Where it is; created if need be.</param>
    /// <param name="lastStep">The last step that is kept.</param>
    /// <param name="kept">What it holds.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static EventFile Open(string folder, long lastStep, out IReadOnlyList<Event> kept)
    {
        var path = Path.Combine(Directory.CreateDirectory(folder).FullName, FileName);
        kept = File.Exists(path) ? [.. Read(File.ReadAllBytes(path)).Where(entry => entry.Step <= lastStep && entry.FileVersion.Length == 0)] : [];
        using var records = new MemoryStream();
        Append(records, new() { FileVersion = Version, WallTime = Now });
        foreach (var entry in kept)
            Append(records, entry);
        AtomicFile.Write(path, records.WriteTo);
        return new(path);
    }

    /// <summary>Appends what there is to say of a step.</summary>
    public void Append(long step, IEnumerable<Summary.Types.Value> values)
    {
        var summary = new Summary();
        summary.Value.AddRange(values);
        using var records = new MemoryStream();
        Append(records, new() { Step = step, WallTime = Now, Summary = summary });
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        records.WriteTo(file);
    }

    private static double Now => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;

    private static void Append(MemoryStream records, Event entry)
    {
        var (header, message, end) = (new byte[HeaderBytes], entry.ToByteArray(), new byte[sizeof(uint)]);
        BinaryPrimitives.WriteInt64LittleEndian(header, message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(sizeof(long)), Masked(header.AsSpan(0, sizeof(long))));
        BinaryPrimitives.WriteUInt32LittleEndian(end, Masked(message));
        records.Write(header);
        records.Write(message);
        records.Write(end);
    }

    private static IEnumerable<Event> Read(byte[] file)
    {
        for (var at = 0; at + HeaderBytes <= file.Length;)
        {
            var length = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            if (length < 0 || length > file.Length - at - HeaderBytes - sizeof(uint))
                yield break;
            var message = file.AsMemory(at + HeaderBytes, (int)length);
            at += HeaderBytes + (int)length + sizeof(uint);
            if (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at - sizeof(uint))) != Masked(message.Span))
                yield break;
            yield return Event.Parser.ParseFrom(message.ToArray());
        }
    }

    /// <summary>TFRecord's checksum: CRC-32C, turned right by 15 bits, plus a constant.</summary>
    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        const uint delta = 0xa282ead8;
        var crc = Crc32C.Of(bytes);
        return ((crc >> 15) | (crc << 17)) + delta;
    }
}
