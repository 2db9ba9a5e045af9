using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Capture;

/// <summary>Top-k storage whose classes are picked in the session, as on a GPU, against those picked from all scores on the host.</summary>
public sealed class PickedCaptureTests : IDisposable
{
    private const int Count = 30, Frames = 5, Features = 6, Classes = 40, K = 4;

    // Tails are sums in float32, in another order than the host's, of values that were multiplied by 1/T instead of divided by T.
    private const double TailRounding = 1e-5;

    private static readonly double[] Temperatures = [0.5, 1, 4];
    private readonly TemporaryFolder temp = new();
    private readonly LinearTeacher teacher = new(Features, Classes, seed: 3);

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(21)]
    public void Picked_Frames_AreThoseOfAPlainSort(int opset)
    {
        var samples = teacher.Samples(Count * Frames);
        using var set = OpenSet(samples, Count, Frames, Features);
        var model = Save(FramesOf(opset).Node("Softmax", "logits", "p", ("axis", 2)).Output("p"));

        Capture(set, Options(model), "cache");

        using var cache = LogitCache.Open(temp["cache"]);
        var (ids, logits, tails) = Read(cache);
        var all = teacher.Logits(samples);
        for (var position = 0; position < Count * Frames; position++)
        {
            var scores = all[(position * Classes)..((position + 1) * Classes)];
            var order = Enumerable.Range(0, Classes).OrderByDescending(c => scores[c]).ToArray();
            Assert.Equal(order[..K], ids[(position * K)..((position + 1) * K)].Select(id => (int)id));
            for (var i = 0; i < K; i++)
                Assert.Equal(scores[order[i]], (double)logits[position * K + i], Math.Abs(scores[order[i]]) / 1024);
            for (var t = 0; t < Temperatures.Length; t++)
            {
                var expected = Math.Log(order[K..].Sum(c => Math.Exp(scores[c] / Temperatures[t])));
                Assert.Equal(expected, tails[position * Temperatures.Length + t], TailRounding * (1 + Math.Abs(expected)));
            }
        }
    }

    [Theory]
    [InlineData("[N, C]", "N")]
    [InlineData("[N, T, C]", "N")]
    [InlineData("[N, T, C], fixed batch", 7)]
    [InlineData("[N, C, T, 1]", "N")]
    [InlineData("[N, C, 1, 1]", "N")]
    public void Picked_AnyLayout_GivesTheCacheOfTheHost(string layout, object batch)
    {
        var frames = layout.Contains('T') ? Frames : 1;
        using var set = OpenSet(teacher.Samples(Count * frames), Count, frames, Features);
        var graph = FramesOf(17, batch, frames);
        graph = layout switch
        {
            "[N, C]" => graph.Integers("shape", -1, Classes).Node("Reshape", "logits shape", "scores"),
            "[N, C, T, 1]" => graph.Integers("shape", -1, Classes, Frames, 1).Node("Reshape", "logits shape", "scores"),
            "[N, C, 1, 1]" => graph.Integers("shape", -1, Classes, 1, 1).Node("Reshape", "logits shape", "scores"),
            _ => graph.Node("Identity", "logits", "scores"),
        };
        var options = Options(Save(graph.Output("scores")));
        if (layout == "[N, C, T, 1]") // where a Reshape puts the classes, nothing tells
            options = options with { Teachers = [options.Teachers[0] with { ClassAxis = 1 }] };

        Assert.NotNull(PicksOf(options, set));
        RequireSameCache(set, options);
    }

    [Fact]
    public void Picked_EqualScores_TakeTheLowerClassFirst()
    {
        float[] scores = [.. Enumerable.Range(0, Classes).Select(c => (float)(c * 7 % 3))]; // 0, 1, 2, 0, 1, 2, ...
        using var set = OpenSet([.. scores, .. scores.Reverse()], 2, Classes);

        Capture(set, Options(Save(OfScores("Identity"))), "cache");

        using var cache = LogitCache.Open(temp["cache"]);
        Assert.Equal([2, 5, 8, 11, 1, 4, 7, 10], Read(cache).Ids.Select(id => (int)id));
    }

    [Theory]
    [InlineData("Sqrt", -1f, "a class that is not kept")] // NaN among the dropped
    [InlineData("Reciprocal", 0f, "class 17")] // infinity
    public void Picked_ScoreThatIsNotFinite_NamesTheSample(string operation, float value, string place)
    {
        var samples = new Random(1).GetItems(Enumerable.Range(1, 100).Select(i => (float)i).ToArray(), Count * Classes);
        samples[13 * Classes + 17] = value;
        using var set = OpenSet(samples, Count, Classes);

        var error = Assert.Throws<InputException>(() => Capture(set, Options(Save(OfScores(operation))), "cache"));

        Assert.Contains("teacher.onnx, tensor 'logits', sample 13 of", error.Message);
        Assert.Contains(place, error.Message);
    }

    [Fact]
    public void Picked_DroppedScoreOfMinusInfinity_HasNoMass()
    {
        float[] samples = [.. Enumerable.Range(0, Classes).Select(c => (float)c)]; // log 0 for the first class
        using var set = OpenSet(samples, 1, Classes);

        Capture(set, Options(Save(OfScores("Log"))), "cache");

        using var cache = LogitCache.Open(temp["cache"]);
        Assert.Equal(Math.Log(Enumerable.Range(1, Classes - K - 1).Sum()), Read(cache).Tails[1], TailRounding);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Classes - K)]
    public void Picked_TailFarBelowTheKept_IsExact(int firstKept)
    {
        float[] samples = [.. Enumerable.Range(0, Classes).Select(c => c >= firstKept && c < firstKept + K ? 1000f : -1000f)];
        using var set = OpenSet(samples, 1, Classes);

        Capture(set, Options(Save(OfScores("Identity"))), "cache");

        using var cache = LogitCache.Open(temp["cache"]);
        Assert.Equal(-1000 + Math.Log(Classes - K), Read(cache).Tails[1], 1e-3);
    }

    [Fact]
    public void Picked_ScoreBeyondFloat16_NamesItsClass()
    {
        var samples = new float[Classes];
        samples[17] = 70_000;
        using var set = OpenSet(samples, 1, Classes);

        var error = Assert.Throws<CheckFailedException>(() => Capture(set, Options(Save(OfScores("Identity"))), "cache"));

        Assert.Contains("sample 0, view 0, stream 'logits', class 17", error.Message);
    }

    [Fact]
    public void Picked_HalfOfACacheEach_MixWithTheHosts()
    {
        using var set = OpenSet(teacher.Samples(Count * Frames), Count, Frames, Features);
        var options = Options(Save(FramesOf(17).Output("logits")));

        Assert.False(Capture(set, options with { Part = new(0, 2) }, "cache").IsComplete);
        Assert.True(Capture(set, options with { Part = new(1, 2), PicksInSession = false }, "cache").IsComplete);
    }

    [Fact]
    public void Replay_OfAPickedCache_AgreesWithAllScores()
    {
        using var set = OpenSet(teacher.Samples(Count * Frames), Count, Frames, Features);
        var options = Options(Save(FramesOf(17).Output("logits")));
        Capture(set, options, "cache");
        using var cache = LogitCache.Open(temp["cache"]);

        var replay = Assert.Single(CacheReplay.Run(cache, set, options, rows: Count, seed: 1, progress: null, CancellationToken.None));

        Assert.Equal((Count, 1.0, null), (replay.Rows, replay.Top1Agreement, replay.Problem));
        Assert.InRange(replay.MaxError, 0, 1e-4);
    }

    [Fact]
    public void Picked_WhereItCannotBe_TheHostPicks()
    {
        using var set = OpenSet(teacher.Samples(Count * Frames), Count, Frames, Features);
        var options = Options(Save(FramesOf(17).Output("logits")));
        var old = options with { Teachers = [new() { Model = Save(FramesOf(10).Output("logits"), "old.onnx") }] };

        var untraced = FramesOf(17).Node("Softmax", "logits", "p").Node("Mul", "p one", "scaled").Floats("one", [1]).Output("scaled");

        Assert.NotNull(PicksOf(options, set));
        Assert.Null(PicksOf(old, set));
        Assert.Null(PicksOf(options with { Teachers = [new() { Model = Save(untraced, "untraced.onnx") }] }, set)); // probabilities
        Assert.Null(PicksOf(options with { PicksInSession = null }, set)); // the CPU
        Assert.Null(PicksOf(options with { Storage = new TopK(K, []) }, set));
        Assert.Null(PicksOf(options with { Storage = new TopK(20, [1]) }, set)); // as many values as there are classes, and one
        Assert.Null(PicksOf(options with { Storage = new Float16() }, set));
        RequireSameCache(set, old);
    }

    [Fact]
    public void Picked_TeachersCombinedOrApart_GiveTheCacheOfTheHost()
    {
        using var set = OpenSet(teacher.Samples(Count * Frames), Count, Frames, Features);
        var options = Options(Save(FramesOf(17).Node("Neg", "logits", "aux").Output("logits").Output("aux")));
        var one = options.Teachers[0] with { Output = "logits", Kind = OutputKind.Classes, Outputs = [new("aux")], Features = [new("product")] };
        options = options with { Teachers = [one with { Name = "a" }, one with { Name = "b" }] };

        RequireSameCache(set, options with { Combination = Combination.MeanOfProbabilities });
        RequireSameCache(set, options with { Combination = Combination.Single });
    }

    /// <summary>Ids and logits equal to the bit, tails up to rounding, everything else equal.</summary>
    private void RequireSameCache(TransferSet set, CaptureOptions options)
    {
        var (here, there) = ($"session-{options.Combination}", $"host-{options.Combination}");
        Capture(set, options, here);
        Capture(set, options with { PicksInSession = false }, there);

        using LogitCache picked = LogitCache.Open(temp[here]), host = LogitCache.Open(temp[there]);
        Assert.Equal(host.Identity, picked.Identity);
        foreach (var stream in host.Streams)
            foreach (var field in stream.Storage.Fields(stream))
            {
                var (expected, found) = (Bytes(host, stream.Name, field.Name), Bytes(picked, stream.Name, field.Name));
                if (field.Name != "tail")
                    Assert.Equal(expected, found);
                else
                    foreach (var (a, b) in MemoryMarshal.Cast<byte, float>(expected).ToArray().Zip(MemoryMarshal.Cast<byte, float>(found).ToArray()))
                        Assert.Equal(a, b, TailRounding * (1 + Math.Abs(a)));
            }
    }

    private static TopK? PicksOf(CaptureOptions options, TransferSet set)
    {
        using var session = OnnxClassifier.Open(
            Core.Onnx.OnnxModel.Load(options.Teachers[0].Model), set.SampleShape, [options.Teachers[0].Reading with { Picks = options.Storage as TopK }],
            new() { Device = "cpu", PicksInSession = options.PicksInSession });
        return session.Output.Picks;
    }

    private static (ushort[] Ids, Half[] Logits, float[] Tails) Read(LogitCache cache) => (
        MemoryMarshal.Cast<byte, ushort>(Bytes(cache, "logits", "ids")).ToArray(),
        MemoryMarshal.Cast<byte, Half>(Bytes(cache, "logits", "logits")).ToArray(),
        MemoryMarshal.Cast<byte, float>(Bytes(cache, "logits", "tail")).ToArray());

    private static byte[] Bytes(LogitCache cache, string name, string field)
    {
        var stream = cache.Stream(name);
        var rows = Enumerable.Range(0, (int)cache.Identity.Samples).Select(row => (long)row).ToArray();
        var bytes = new byte[rows.Length * stream.Storage.Fields(stream).Single(f => f.Name == field).Bytes];
        cache.ReadField(stream, field, rows, 0, bytes);
        return bytes;
    }

    private static CaptureOptions Options(string model) => new()
    {
        Teachers = [new() { Model = model }],
        Storage = new TopK(K, Temperatures),
        Device = "cpu",
        Threads = 1,
        BatchSize = 8,
        PicksInSession = true,
    };

    private CaptureResult Capture(TransferSet set, CaptureOptions options, string folder) =>
        CacheCapture.Capture(set, options, temp[folder], null, CancellationToken.None);

    /// <summary>x [N, frames, features] → logits [N, frames, classes].</summary>
    private GraphBuilder FramesOf(int opset, object? batch = null, int frames = Frames) =>
        teacher.Body(new GraphBuilder(opset).Input("x", DataType.Float, batch ?? "N", frames, Features), "x");

    /// <summary>Scores that are the samples, each put through one operator.</summary>
    private static GraphBuilder OfScores(string operation) =>
        new GraphBuilder().Input("x", DataType.Float, "N", Classes).Node(operation, "x", "logits").Output("logits");

    private string Save(GraphBuilder graph, string name = "teacher.onnx")
    {
        graph.Build().Save(temp[name]);
        return temp[name];
    }

    private TransferSet OpenSet(float[] values, params int[] shape)
    {
        Npy.Write(temp["set.npy"], values, shape);
        return TransferSet.Open(new() { Samples = temp["set.npy"] });
    }
}
