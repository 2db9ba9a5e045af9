using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Preparation;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>A preparation that was stopped goes on, and ends with the bytes of one that was not.</summary>
public sealed class PreparationResumeTests : IDisposable
{
    private const int Sources = 100;

    private readonly TemporaryFolder folder = new();
    private readonly List<int> prepared = [];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(50)]
    [InlineData(98)]
    public void Run_StoppedAtASource_GoesOnThere(int at)
    {
        using var stop = new CancellationTokenSource();
        var stopping = Items().Select((item, i) => item with
        {
            Prepare = () =>
            {
                if (i == at)
                    stop.Cancel();
                return item.Prepare();
            },
        });
        Assert.ThrowsAny<OperationCanceledException>(() => Run("stopped", stopping, stop.Token));
        Assert.False(File.Exists(folder["stopped/prepare.json"]));
        Assert.False(File.Exists(folder["stopped/samples.safetensors"]));
        prepared.Clear();

        Run("stopped", Items());

        Assert.Equal(Enumerable.Range(at / 16 * 16, Sources - at / 16 * 16), prepared); // batches of 16 sources
        RequireSame("stopped");
    }

    /// <summary>What a kill would leave is what the disk holds at that moment: every batch's state is gone on from.</summary>
    [Fact]
    public void Run_KilledAfterAnyBatch_EndsWithTheSameBytes()
    {
        var snapshots = new List<string>();
        Run("watched", Items(), progress: new Watch(() =>
        {
            snapshots.Add($"killed-{snapshots.Count}");
            Directory.CreateDirectory(folder[snapshots[^1]]);
            foreach (var file in Directory.GetFiles(folder["watched"]).Where(file => Path.GetFileName(file) != ".lock"))
            {
                using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var copy = File.Create(Path.Combine(folder[snapshots[^1]], Path.GetFileName(file)));
                source.CopyTo(copy);
            }
        }));
        Assert.Equal(7, snapshots.Count);
        foreach (var (snapshot, i) in snapshots.Select((snapshot, i) => (snapshot, i)))
        {
            // What a kill wrote behind the record is cut off.
            File.AppendAllText(folder[$"{snapshot}/sources.jsonl.partial"], "{\"id\":");
            File.AppendAllText(folder[$"{snapshot}/samples.safetensors.partial"], "half a row");
            prepared.Clear();
            Run(snapshot, Items());
            Assert.Equal(Math.Max(0, Sources - 16 * (i + 1)), prepared.Count);
            RequireSame(snapshot);
        }
    }

    [Fact]
    public void Run_OtherSourceAmongThoseThatAreDone_StartsAnew()
    {
        Stop("changed", 50);
        var changed = Items().Select((item, i) => i == 3 ? item with { Stamp = "changed" } : item);

        Run("changed", changed);

        Assert.Equal(Sources, prepared.Count);
        RequireSame("changed");
    }

    [Fact]
    public void Run_OtherOptions_StartsAnew()
    {
        Stop("asked", 50);

        Run("asked", Items(), asked: "other");

        Assert.Equal(Sources, prepared.Count);
    }

    [Fact]
    public void Run_RecordThatIsDamaged_StartsAnew()
    {
        Stop("damaged", 50);
        File.WriteAllText(folder["damaged/prepare.json.partial"], "{");

        Run("damaged", Items());

        Assert.Equal(Sources, prepared.Count);
        RequireSame("damaged");
    }

    [Theory]
    [InlineData("samples.safetensors.partial")]
    [InlineData("sources.jsonl.partial")]
    [InlineData("prepare.json.partial")]
    public void Run_AnyBitOfWhatIsDoneFlipped_EndsWithTheSameBytes(string file)
    {
        Stop("stopped", 50);
        var random = new Random(1);
        for (var i = 0; i < 40; i++)
        {
            Directory.CreateDirectory(folder["flipped"]);
            foreach (var path in Directory.GetFiles(folder["stopped"]))
                File.Copy(path, Path.Combine(folder["flipped"], Path.GetFileName(path)));
            Flip(folder[$"flipped/{file}"], random);

            Run("flipped", Items());

            RequireSame("flipped");
            Directory.Delete(folder["flipped"], recursive: true);
        }
    }

    [Theory]
    [InlineData("samples.safetensors")]
    [InlineData("sources.jsonl")]
    public void RequireIntact_AnyBitFlipped_IsRefused(string file)
    {
        Run("whole", Items());
        var (samples, path, random) = (folder["whole/samples.safetensors"], folder[$"whole/{file}"], new Random(1));
        var before = File.ReadAllBytes(path);
        PreparedSet.RequireIntact(samples, Digest);
        for (var i = 0; i < 100; i++)
        {
            Flip(path, random);

            Assert.ThrowsAny<OnnxKdException>(() => PreparedSet.RequireIntact(samples, Digest));
            File.WriteAllBytes(path, before);
        }

        string Digest()
        {
            using var set = TransferSet.Open(new() { Samples = samples, SamplesKey = "samples" });
            return set.SamplesDigest;
        }
    }

    /// <summary>The first damaged source ends the run; repaired or left out, it goes on from there.</summary>
    [Fact]
    public void Run_AfterADamagedSource_GoesOnFromIt()
    {
        var damaged = Items(damage: -1).Select((item, i) =>
            i == 40 ? item with { Prepare = () => throw new InputException("no picture", item.Name) } : item);
        Assert.Throws<InputException>(() => Run("repaired", damaged, skip: false));
        prepared.Clear();

        Run("repaired", Items(damage: -1), skip: false);

        Assert.Equal(Sources - 40, prepared.Count);
    }

    [Fact]
    public void Run_SkippedBeforeAndNotAllowedNow_IsRefused()
    {
        Stop("strict", 50);

        Assert.Throws<InputException>(() => Run("strict", Items(), skip: false));
    }

    private static void Flip(string path, Random random)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(path, bytes);
    }

    private void Stop(string name, int at)
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Run(
            name,
            Items().Select((item, i) => i != at ? item : item with
            {
                Prepare = () =>
                {
                    stop.Cancel();
                    return item.Prepare();
                },
            }),
            stop.Token));
        prepared.Clear();
    }

    private void RequireSame(string name)
    {
        if (!Directory.Exists(folder["whole"]))
            Run("whole", Items());
        foreach (var file in new[] { "samples.safetensors", "sources.jsonl", "prepare.json" })
            Assert.Equal(File.ReadAllBytes(folder[$"whole/{file}"]), File.ReadAllBytes(folder[$"{name}/{file}"]));
        Assert.DoesNotContain(Directory.GetFiles(folder[name]), file => file.EndsWith(".partial", StringComparison.Ordinal));
    }

    private IEnumerable<SourceItem> Items(int damage = 7) => Enumerable.Range(0, Sources).Select(i => new SourceItem(
        $"source {i}", i % 3, () =>
        {
            lock (prepared)
                prepared.Add(i);
            return damage > 0 && i % damage == 3
                ? throw new InputException("no picture", $"source {i}")
                : new PreparedSample([(byte)i, (byte)(2 * i), 3], Length: i % 4);
        },
        $"stamp {i}"));

    private PreparationResult Run(
        string name, IEnumerable<SourceItem> items, CancellationToken token = default, bool skip = true, string asked = "asked",
        IProgress<StageProgress>? progress = null)
    {
        var list = new SourceList("images", "images", items, Sources, new(Labels: true, Lengths: true), ["a", "b", "c"]);
        return new Preparer(new(folder[name], skip, Threads: 1), progress, token) { SaveEvery = TimeSpan.Zero }
            .Run(list, ElementType.UInt8, [3], asked, preprocess: null);
    }

    private sealed class Watch(Action onReport) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => onReport();
    }
}
