using System.Security.Cryptography;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Tests.LogitCaches;

/// <summary>Changed and malformed files: an error that says so, never a wrong number, a crash, or memory as a file asks for.</summary>
public sealed class DamageTests : IDisposable
{
    private const int ByteChanges = 10_000;
    private const int Malformed = 10_000;

    /// <summary>What opening a small cache and the error itself take, whatever is in the files.</summary>
    private const long FixedBytes = 64 << 10;

    private readonly TemporaryFolder folder = new();
    private CounterRandom random = new(2026, RandomPurpose.Verification);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_OneByteChanged_IsAlwaysNoticed()
    {
        var caches = Caches.Storages(4).Select((storage, i) => Write($"{i}", storage)).ToList();
        for (var i = 0; i < ByteChanges; i++)
        {
            var files = caches[i % caches.Count];
            // Any byte of the cache, each as likely.
            var place = random.NextInt32(0, files.Sum(file => file.Bytes.Length));
            var file = files.First(f => (place -= f.Bytes.Length) < 0);
            var changed = (byte[])file.Bytes.Clone();
            changed[place + changed.Length] ^= (byte)random.NextInt32(1, 256);
            File.WriteAllBytes(file.Path, changed);

            var error = Assert.ThrowsAny<OnnxKdException>(() => LogitCache.Open(Path.GetDirectoryName(file.Path)!));

            Assert.Contains(file.Path, error.Message);
            File.WriteAllBytes(file.Path, file.Bytes);
        }
        Assert.All(caches, files => LogitCache.Open(Path.GetDirectoryName(files[0].Path)!).Dispose());
    }

    [Fact]
    public void Resume_OneByteOfAnUnfinishedCacheChanged_IsNoticedOrCapturedAgain()
    {
        var identity = Identity(new TopK(2, [1]));
        Run(folder["whole"], identity, stop: long.MaxValue);
        var expected = Caches.Content(folder["whole"]);
        var cut = folder["cut"];
        Run(cut, identity, stop: 6);
        var original = Files(cut);
        Assert.Equal(
            ["manifest.json", "rows-000000000000-4.safetensors", "rows-000000000004.partial"],
            original.Select(file => Path.GetFileName(file.Path)));
        var (noticed, again) = (0, 0);
        for (var i = 0; i < 300; i++)
        {
            var file = original[i % original.Count];
            var changed = (byte[])file.Bytes.Clone();
            changed[random.NextInt32(0, changed.Length)] ^= (byte)random.NextInt32(1, 256);
            File.WriteAllBytes(file.Path, changed);
            try
            {
                Run(cut, identity, stop: long.MaxValue);
                Assert.Equal(expected, Caches.Content(cut));
                again++;
            }
            catch (OnnxKdException)
            {
                noticed++;
            }
            Directory.Delete(cut, recursive: true);
            Directory.CreateDirectory(cut);
            original.ForEach(f => File.WriteAllBytes(f.Path, f.Bytes));
        }
        Assert.Equal((200, 100), (noticed, again));
    }

    [Fact]
    public void Open_MalformedFiles_GivesTypedErrorsAndTakesLittleMemory()
    {
        var caches = Caches.Storages(4).Select((storage, i) => Write($"{i}", storage)).ToList();
        var rejected = 0;
        for (var i = 0; rejected < Malformed; i++)
        {
            var files = caches[i % caches.Count];
            var file = files[random.NextInt32(0, files.Count)];
            var damaged = Mutate(file.Bytes);
            // Half of them pass the checksums, so that what is behind these is reached too.
            if (random.NextInt32(0, 2) == 0)
                Sign(files, file.Path, damaged);
            else
                File.WriteAllBytes(file.Path, damaged);
            var size = files.Sum(f => new FileInfo(f.Path).Length);

            var (isRejected, taken) = Open(Path.GetDirectoryName(file.Path)!);
            // What a process allocates once, when it first comes by, is not the file's.
            if (taken > 2 * size + FixedBytes)
                (_, taken) = Open(Path.GetDirectoryName(file.Path)!);
            Assert.InRange(taken, 0, 2 * size + FixedBytes);
            rejected += isRejected ? 1 : 0;

            files.ForEach(f => File.WriteAllBytes(f.Path, f.Bytes));
        }
    }

    private static (bool IsRejected, long Bytes) Open(string cacheFolder)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var isRejected = Rejects(cacheFolder);
        return (isRejected, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Opens a cache and reads every row; a cache that was signed may hold other numbers, but is read without harm.</summary>
    private static bool Rejects(string cacheFolder)
    {
        try
        {
            using var cache = LogitCache.Open(cacheFolder);
            foreach (var stream in cache.Streams)
            {
                var values = new float[stream.Values];
                for (long sample = 0; sample < Math.Min(8, cache.Identity.Samples); sample++)
                    cache.Read(stream, [sample], 0, values);
            }
            return false;
        }
        catch (OnnxKdException)
        {
            return true;
        }
    }

    private byte[] Mutate(byte[] bytes)
    {
        var result = bytes.ToList();
        for (var changes = random.NextInt32(1, 4); changes > 0; changes--)
        {
            // Headers and manifests are where the structure is.
            var at = random.NextInt32(0, Math.Max(1, random.NextInt32(0, 2) == 0 ? result.Count : Math.Min(result.Count, 400)));
            var length = Math.Min(random.NextInt32(1, 20), result.Count - at);
            switch (random.NextInt32(0, 6))
            {
                case 0: result.RemoveRange(at, length); break;
                case 1: result.InsertRange(at, result.GetRange(random.NextInt32(0, result.Count - length + 1), length)); break;
                case 2: result.RemoveRange(at, result.Count - at); break;
                case 3: result.InsertRange(at, Encoding.ASCII.GetBytes(Pick(Tokens))); break;
                case 4: ReplaceNumber(result, at); break;
                default: result[Math.Min(at, result.Count - 1)] = (byte)random.NextUInt32(); break;
            }
            if (result.Count == 0)
                result.Add((byte)random.NextUInt32());
        }
        return [.. result];
    }

    private static readonly string[] Tokens =
        ["null", "{}", "[]", "\"\"", "-1", "1e99", ",", ":", "{", "}", "[", "]", "\"", "\\u0000", "\"type\":", "true", "NaN", "\u00ff"];

    private static readonly string[] Numbers =
    [
        "0", "-1", "1", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "1e300", "0.5", "null",
        "[]",
    ];

    private void ReplaceNumber(List<byte> bytes, int at)
    {
        var start = bytes.FindIndex(at, b => char.IsAsciiDigit((char)b));
        if (start < 0)
            return;
        var end = bytes.FindIndex(start, b => !char.IsAsciiDigit((char)b));
        bytes.RemoveRange(start, (end < 0 ? bytes.Count : end) - start);
        bytes.InsertRange(start, Encoding.ASCII.GetBytes(Pick(Numbers)));
    }

    private string Pick(string[] words) => words[random.NextInt32(0, words.Length)];

    /// <summary>Writes a changed file with the seals and checksums that fit it.</summary>
    private static void Sign(List<(string Path, byte[] Bytes)> files, string path, byte[] damaged)
    {
        var manifest = files.First(f => f.Path.EndsWith(".json", StringComparison.Ordinal));
        if (path == manifest.Path)
        {
            File.WriteAllBytes(path, SignManifest(damaged));
            return;
        }
        if (damaged.Length > 32)
            SHA256.HashData(damaged.AsSpan(0, damaged.Length - 32)).CopyTo(damaged.AsSpan(damaged.Length - 32));
        File.WriteAllBytes(path, damaged);
        var original = files.First(f => f.Path == path).Bytes;
        var text = Encoding.UTF8.GetString(manifest.Bytes)
            .Replace(Hashing.Sha256(original), Hashing.Sha256(damaged), StringComparison.Ordinal)
            .Replace($"\"bytes\": {original.Length}", $"\"bytes\": {damaged.Length}", StringComparison.Ordinal);
        File.WriteAllBytes(manifest.Path, SignManifest(Encoding.UTF8.GetBytes(text)));
    }

    private static byte[] SignManifest(byte[] bytes)
    {
        var marker = Encoding.ASCII.GetBytes(",\n  \"checksum\": \"");
        var end = bytes.AsSpan().LastIndexOf(marker);
        if (end < 0)
            return bytes;
        byte[] body = [.. bytes[..end], .. "\n}\n"u8];
        return [.. bytes[..end], .. marker, .. Encoding.ASCII.GetBytes(Hashing.Sha256(body)), .. "\"\n}\n"u8];
    }

    private static CacheIdentity Identity(StreamStorage storage) => Caches.Identity(samples: 8, views: 1) with
    {
        Streams = [new("logits", "logits", 0, StreamKind.Logit, [2, 4], storage)],
    };

    private static void Run(string cache, CacheIdentity identity, long stop)
    {
        using var writer = LogitCacheWriter.OpenOrResume(cache, identity, batchSize: 2, CachePart.Whole, rowsPerShard: 4, afterStep: null);
        Caches.Fill(writer, identity, row => row >= stop);
        if (writer.StoredRows == writer.Rows)
            Assert.True(writer.Complete());
    }

    private List<(string Path, byte[] Bytes)> Write(string name, StreamStorage storage)
    {
        Run(folder[name], Identity(storage), stop: long.MaxValue);
        return Files(folder[name]);
    }

    private static List<(string Path, byte[] Bytes)> Files(string cache) =>
    [
        .. Directory.GetFiles(cache).Where(path => !Path.GetFileName(path).StartsWith('.')).Order(StringComparer.Ordinal)
            .Select(path => (path, File.ReadAllBytes(path))),
    ];
}
