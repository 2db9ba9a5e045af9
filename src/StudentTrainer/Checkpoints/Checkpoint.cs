using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Checkpoints;

/// <summary>
/// A training at a moment, as a safetensors file: its tensors (<c>weights/…</c>, <c>optimizer/…</c>, <c>average/…</c>), and in the metadata
/// <c>identity</c>, <c>position</c> and <c>history</c>. There is no generator to keep: every random draw is keyed by seed and position.
/// </summary>
internal static class Checkpoint
{
    /// <summary>The state after one of the latest epochs (<see cref="CheckpointPace"/>), or at the step where a user stopped.</summary>
    public const string Last = "last.safetensors";

    private const string DigestKey = "sha256";
    private const string Format = "onnxkd-checkpoint-4";

    /// <summary>Writes a checkpoint atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">All that training has changed.</param>
    /// <param name="identity">Of <see cref="TrainingIdentity.Describe"/>.</param>
    /// <param name="position">How far it has come.</param>
    /// <param name="history">The finished epochs.</param>
    public static void Save(
        string path, IReadOnlyList<NamedTensor> tensors, string identity, TrainingPosition position, IEnumerable<EpochEvent> history)
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = Format,
            ["identity"] = identity,
            ["position"] = JsonSerializer.Serialize(position, CanonicalJson.Options),
            ["history"] = EventLog.Format(history),
        };
        metadata[DigestKey] = Digest(metadata, tensors);
        SafetensorsWriter.Write(path, tensors.Select(ToSafetensors), metadata);
    }

    /// <summary>Reads a checkpoint into tensors.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Those of <see cref="Save"/>; overwritten.</param>
    /// <param name="identity">The training that the checkpoint must belong to.</param>
    /// <exception cref="CheckFailedException">It is damaged, or belongs to another one.</exception>
    public static (TrainingPosition Position, List<EpochEvent> History) Load(
        string path, IReadOnlyList<NamedTensor> tensors, string identity)
    {
        using var file = SafetensorsFile.OpenOurs(path, "A checkpoint", error => Damaged(path, error.Message.ReplaceLineEndings(" "), "a safetensors file", error));
        if (file.Metadata.GetValueOrDefault("format") is var format && format != Format)
            throw Damaged(path, format ?? "no format", Format);
        RequireIntact(file);
        TrainingIdentity.RequireSame(path, file.Metadata.GetValueOrDefault("identity", "{}"), identity);
        foreach (var (name, tensor) in tensors)
            Restore(file, name, tensor);
        return Parse(file);
    }

    /// <summary>A bit that flips on a disk would go on as another training: weights take any value. Nothing is read before this.</summary>
    private static void RequireIntact(SafetensorsFile file)
    {
        using var span = Profile.Start("digest");
        using var hash = Begin(file.Metadata);
        foreach (var name in file.Tensors.Keys.Order(StringComparer.Ordinal))
            Append(hash, name, file.Bytes(name));
        var (found, expected) = (Convert.ToHexStringLower(hash.GetHashAndReset()), file.Metadata.GetValueOrDefault(DigestKey, "no digest"));
        if (found != expected)
            throw Damaged(file.Path, $"SHA-256 {found}", expected);
    }

    /// <summary>The digest of metadata and tensors.</summary>
    private static string Digest(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<NamedTensor> tensors)
    {
        using var span = Profile.Start("digest");
        using var hash = Begin(metadata);
        foreach (var (name, tensor) in tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            Append(hash, name, tensor.detach().cpu().contiguous().bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IncrementalHash Begin(IReadOnlyDictionary<string, string> metadata)
    {
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (key, value) in metadata.Where(entry => entry.Key != DigestKey).OrderBy(entry => entry.Key, StringComparer.Ordinal))
            hash.AppendData(Encoding.UTF8.GetBytes($"{key}={value}\n"));
        return hash;
    }

    private static void Append(IncrementalHash hash, string name, ReadOnlySpan<byte> bytes)
    {
        hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n"));
        hash.AppendData(bytes);
    }

    private static (TrainingPosition, List<EpochEvent>) Parse(SafetensorsFile file)
    {
        try
        {
            var position = JsonSerializer.Deserialize<TrainingPosition>(file.Metadata["position"], CanonicalJson.Options)!;
            return (position, EventLog.Parse(file.Metadata["history"]));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException)
        {
            throw Damaged(file.Path, error.Message, "a position and a history", error);
        }
    }

    private static CheckFailedException Damaged(string path, string found, string expected, Exception? inner = null) => new(
        "A checkpoint is damaged, or that of another version.", path, found, expected, "delete it: training then starts anew, or restore it from a copy", inner);

    private static SafetensorsTensor ToSafetensors(NamedTensor named) => new(named.Name, ElementType.Float32, named.Tensor.shape, stream =>
    {
        using var scope = NewDisposeScope();
        stream.Write(named.Tensor.detach().cpu().contiguous().bytes);
    });

    private static void Restore(SafetensorsFile file, string name, Tensor tensor)
    {
        var values = file.ToFloats(name);
        if (values.Length != tensor.numel())
            throw Damaged($"{file.Path}, tensor '{name}'", $"{values.Length} values", $"{tensor.numel()}");
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        tensor.copy_(torch.tensor(values, tensor.shape, float32, CPU));
    }
}
