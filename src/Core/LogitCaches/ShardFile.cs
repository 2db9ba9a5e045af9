using System.Buffers.Binary;
using System.Security.Cryptography;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// A finished shard as a file: a tensor for each field, one of sample ids, and a seal, the SHA-256 of all bytes before it. So a shard can
/// be checked before any manifest names it.
/// </summary>
internal static class ShardFile
{
    private const string IdentityKey = "identity";
    private const string FirstRowKey = "first_row";
    private const int IdsAtOnce = 1 << 10;

    /// <summary>The tensor of the seal; it sorts after all others, and so lies at the end.</summary>
    private const string SealTensor = "~sha256";

    /// <summary>Writes the shard of a full journal.</summary>
    public static CacheShard Write(string folder, CacheIdentity identity, RowFormat format, ShardJournal journal)
    {
        var rows = journal.Rows;
        var name = ShardLayout.FileName(rows);
        CacheShard? shard = null;
        AtomicFile.Write(Path.Combine(folder, name), file =>
        {
            using var hashed = new HashingStream(file);
            SafetensorsWriter.Write(
                hashed,
                [
                    .. format.Fields.Select(field => new SafetensorsTensor(
                        field.Tensor, field.Field.Type, TensorShape(rows, field), stream => journal.Copy(field, stream))),
                    new(ShardLayout.IdsTensor, ElementType.Int64, [rows.Count], stream => WriteIds(stream, identity, rows)),
                    new(SealTensor, ElementType.UInt8, [SHA256.HashSizeInBytes], stream => stream.Write(hashed.Digest())),
                ],
                new Dictionary<string, string> { [FirstRowKey] = $"{rows.First}", [IdentityKey] = IdentityDigest(identity) });
            shard = new(name, rows.First, rows.Count, hashed.Length, Convert.ToHexStringLower(hashed.Digest()));
        });
        return shard!;
    }

    /// <summary>Checks a shard by itself: every byte, its place, and that it belongs to the cache.</summary>
    /// <returns>Its entry for the manifest.</returns>
    /// <exception cref="CheckFailedException">A byte was changed, or the shard is of another cache.</exception>
    public static CacheShard Verify(string folder, CacheIdentity identity, RowFormat format, RowRange rows)
    {
        var name = ShardLayout.FileName(rows);
        var path = Path.Combine(folder, name);
        var (length, digest, isSealed) = Digest(path);
        if (!isSealed)
            throw Damaged(path, "its bytes do not fit its seal", "the SHA-256 of all bytes before the last 32 in those");
        using var file = Open(path, format, rows);
        Require(file, IdentityKey, IdentityDigest(identity));
        Require(file, FirstRowKey, $"{rows.First}");
        return new(name, rows.First, rows.Count, length, digest);
    }

    /// <summary>Checks length and digest of a shard against its entry in the manifest.</summary>
    /// <exception cref="CheckFailedException">A byte is not what the manifest says.</exception>
    public static void Require(string folder, CacheShard shard)
    {
        var file = new FileInfo(Path.Combine(folder, shard.File));
        if (!file.Exists)
            throw Damaged(file.FullName, "no such file", $"{shard.Bytes} bytes");
        if (file.Length != shard.Bytes)
            throw Damaged(file.FullName, $"{file.Length} bytes", $"{shard.Bytes} bytes");
        using var span = Profile.Start("digest");
        if (Hashing.Sha256OfFile(file.FullName) is var digest && digest != shard.Sha256)
            throw Damaged(file.FullName, $"SHA-256 {digest}", $"SHA-256 {shard.Sha256}");
    }

    /// <summary>Opens a shard and checks its tensors, but not their bytes.</summary>
    /// <exception cref="CheckFailedException">It is not in the form that the cache's streams ask for.</exception>
    public static SafetensorsFile Open(string path, RowFormat format, RowRange rows)
    {
        if (!File.Exists(path))
            throw Damaged(path, "no such file", "a shard of this cache");
        var file = SafetensorsFile.OpenOurs(path, "A shard of a logit cache", error => Damaged(path, error.Message.ReplaceLineEndings(" "), "a shard of this cache", error));
        try
        {
            foreach (var field in format.Fields)
                RequireTensor(file, field.Tensor, field.Field.Type, TensorShape(rows, field));
            RequireTensor(file, ShardLayout.IdsTensor, ElementType.Int64, [rows.Count]);
            RequireTensor(file, SealTensor, ElementType.UInt8, [SHA256.HashSizeInBytes]);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What makes a damaged shard whole again: without a record that the stage is finished, a capture makes what the manifest tells and is not there.</summary>
    public const string Repair = "delete this file and, if it is there, stage.json beside it, but not manifest.json; then capture again: other shards are kept";

    /// <summary>An error about a shard that is not as it was written.</summary>
    public static CheckFailedException Damaged(string path, string found, string expected, Exception? inner = null) => new(
        "A shard of a logit cache is damaged.",
        where: path,
        found,
        expected,
        Repair,
        inner);

    /// <summary>What binds a shard to its cache.</summary>
    private static string IdentityDigest(CacheIdentity identity) => Hashing.Sha256(identity.Key);

    private static (long Length, string Digest, bool IsSealed) Digest(string path)
    {
        using var file = InputFile.OpenHandle(path, "A shard of a logit cache", options: FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = RandomAccess.GetLength(file);
        var sealAt = Math.Max(0, length - SHA256.HashSizeInBytes);
        hash.AppendFile(file, sealAt);
        Span<byte> seal = stackalloc byte[SHA256.HashSizeInBytes];
        seal = seal[..file.ReadWhole(seal, sealAt)];
        var isSealed = seal.SequenceEqual(hash.GetCurrentHash());
        hash.AppendData(seal);
        return (length, Convert.ToHexStringLower(hash.GetCurrentHash()), isSealed);
    }

    private static long[] TensorShape(RowRange rows, StoredField field) => [rows.Count, .. field.Field.Shape.Select(size => (long)size)];

    private static void WriteIds(Stream stream, CacheIdentity identity, RowRange rows)
    {
        Span<byte> ids = stackalloc byte[IdsAtOnce * sizeof(long)];
        for (var row = rows.First; row < rows.End; row += IdsAtOnce)
        {
            var count = (int)Math.Min(IdsAtOnce, rows.End - row);
            for (var i = 0; i < count; i++)
                BinaryPrimitives.WriteInt64LittleEndian(ids[(i * sizeof(long))..], identity.RowKey(row + i).Id);
            stream.Write(ids[..(count * sizeof(long))]);
        }
    }

    private static void Require(SafetensorsFile file, string key, string value)
    {
        if (file.Metadata.GetValueOrDefault(key) is var found && found != value)
            throw Damaged(file.Path, $"{key} {found ?? "nothing"}", $"{key} {value}");
    }

    private static void RequireTensor(SafetensorsFile file, string name, ElementType type, long[] shape)
    {
        if (!file.Tensors.TryGetValue(name, out var entry) || entry.Type != type || !entry.Shape.SequenceEqual(shape))
            throw Damaged(
                file.Path,
                entry is null ? $"no '{name}'" : $"{name}: {entry.Type.Name()} {Shapes.Format(entry.Shape)}",
                $"{name}: {type.Name()} {Shapes.Format(shape)}");
    }
}
