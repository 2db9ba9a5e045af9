using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Progress;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Tests.Capture;

public sealed class CacheCaptureTests : IDisposable
{
    private const int Count = 50, Batch = 8;

    private readonly TempFolder temp = new();
    private readonly LinearTeacher teacher = new(features: 12, classes: 3, seed: 1);
    private readonly float[] samples;
    private readonly TransferSet set;

    public CacheCaptureTests()
    {
        samples = teacher.Samples(Count);
        set = OpenSet("set.npy", samples, Count, 3, 4);
    }

    public void Dispose()
    {
        set.Dispose();
        temp.Dispose();
    }

    [Fact]
    public void Capture_OneTeacher_EqualsAPlainOnnxRuntimeLoopToTheBit()
    {
        var model = Save("teacher.onnx", teacher.Graph().Output("logits"));
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        using var session = new InferenceSession(model, options);
        using var run = new RunOptions();
        var expected = new List<float>();
        foreach (var chunk in samples.Chunk(Batch * teacher.Features))
        {
            using var input = OrtValue.CreateTensorValueFromMemory(chunk, [chunk.Length / teacher.Features, teacher.Features]);
            using var outputs = session.Run(run, ["x"], [input], ["logits"]);
            expected.AddRange(outputs[0].GetTensorDataAsSpan<float>());
        }

        var result = Capture("cache", Options(model));

        Assert.Equal((Count, Count, "cpu"), (result.Rows, result.Captured, result.Provider));
        Assert.Equal(expected, ReadAll("cache", view: 0));
    }

    [Fact]
    public void Capture_Ensemble_StoresTheLogOfTheWeightedMeanProbability()
    {
        var other = new LinearTeacher(features: 12, classes: 3, seed: 2);
        var options = Options(Save("a.onnx", teacher.Graph().Node("Softmax", "logits", "p").Output("p"))) with
        {
            Teachers =
            [
                new() { Model = temp["a.onnx"], Weight = 3 },
                // The second teacher sees the samples as 2x − 1.
                new() { Model = Save("b.onnx", other.Graph().Output("logits")), Weight = 1, Preprocessing = new() { Scale = 2, Mean = [1] } },
            ],
        };

        Capture("cache", options);

        var second = other.Logits(samples.Select(v => 2 * v - 1).ToArray());
        var first = teacher.Logits(samples);
        var expected = Enumerable.Range(0, first.Length).Select(i => Math.Log(0.75 * Softmax(first, i) + 0.25 * Softmax(second, i))).ToArray();
        Near.Equal(expected, ReadAll("cache", view: 0), 1e-5);
        using var cache = LogitCache.Open(temp["cache"]);
        Assert.Equal((Combination.MeanOfProbabilities, StreamKind.LogProbability), (cache.Identity.Combination, cache.Stream().Kind));
        Assert.Equal([0.75, 0.25], cache.Identity.Teachers.Select(t => t.Weight));
    }

    [Fact]
    public void Capture_SeveralViews_StoresTheLogitsOfEachView()
    {
        var augmentation = new Augmentation(new ShiftStep(1), new FlipStep(0.5), new NoiseStep(0.1), new MixupStep(0.5));
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits"))) with { Augmentation = augmentation, Views = 3, Seed = 9 };
        var reader = new SampleReader(set, Preprocessing.None, augmentation, 9);
        var rows = Enumerable.Range(0, Count).Select(i => (long)i).ToArray();
        var seen = new float[samples.Length];

        // 150 rows in batches of 8: batches reach over the end of a view.
        Assert.Equal(3 * Count, Capture("cache", options).Rows);

        for (var view = 0; view < 3; view++)
        {
            reader.Read(rows, (uint)view, seen);
            Near.Equal(teacher.Logits(seen), ReadAll("cache", view), 2e-6);
        }
    }

    /// <summary>
    /// Of four classes the first teacher knows 2, 0 and 1, the second 1, one that the student lacks, and 3 twice: the student's class 2 has no
    /// probability of the second's.
    /// </summary>
    [Theory]
    [InlineData(Combination.MeanOfProbabilities)]
    [InlineData(Combination.Single)]
    public void Capture_TeachersOfOtherClasses_StoresWhatTheyKnow(Combination combination)
    {
        var other = new LinearTeacher(features: 12, classes: 4, seed: 2);
        var options = Options(Save("a.onnx", teacher.Graph().Output("logits"))) with
        {
            Teachers =
            [
                new() { Model = temp["a.onnx"], Name = "one", Classes = ["c", "a", "b"] },
                new() { Model = Save("b.onnx", other.Graph().Output("logits")), Name = "two", Classes = ["b", "none", "d", "3"] },
            ],
            Combination = combination, Classes = new(4, ["a", "b", "c", "d"]), Threads = 3,
        };

        Capture("cache", options);

        using var cache = LogitCache.Open(temp["cache"]);
        Assert.Equal([[2, 0, 1], [1, null, 3, 3]], cache.Identity.Teachers.Select(t => t.Classes!));
        var (first, second) = (teacher.Logits(samples), other.Logits(samples));
        for (var i = 0; i < Count; i++)
        {
            double[] p = [.. first.Skip(3 * i).Take(3).Select(Math.Exp)], q = [.. second.Skip(4 * i).Take(4).Select(Math.Exp)];
            double[] one = [p[1] / p.Sum(), p[2] / p.Sum(), p[0] / p.Sum()], two = [q[0], q[2] + q[3]];
            two = [two[0] / two.Sum(), two[1] / two.Sum()];
            if (combination == Combination.Single)
            {
                RequireProbabilities(one, cache, 0, i);
                RequireProbabilities(two, cache, 1, i);
                continue;
            }
            double[] mean = [one[0], (one[1] + two[0]) / 2, one[2], two[1]];
            RequireProbabilities([.. mean.Select(value => value / mean.Sum())], cache, 0, i);
        }

        Assert.Equal(combination == Combination.Single ? [3, 2] : [4], cache.Streams.Select(stream => stream.Classes));
        Assert.Equal(combination == Combination.Single ? [1, 3] : null, cache.Streams[^1].Subset?.Columns);
        Assert.All(CacheReplay.Run(cache, set, options, Count, 1, null, default), replay => Assert.Null(replay.Problem));
        Assert.Contains("classes", Assert.Throws<CheckFailedException>(() => Capture("cache", options with
        {
            Teachers = [options.Teachers[0] with { Classes = ["c", "b", "a"] }, options.Teachers[1]],
        })).Message);

        static void RequireProbabilities(double[] expected, LogitCache cache, int stream, int row)
        {
            var values = new float[cache.Streams[stream].Values];
            cache.Read(cache.Streams[stream], [row], view: 0, values);
            var sum = values.Sum(value => Math.Exp(value));
            Near.Equal(expected, [.. values.Select(value => (float)(Math.Exp(value) / sum))], 1e-5);
        }
    }

    [Fact]
    public void Capture_TeachersKeptApart_HaveAStreamEach()
    {
        var other = new LinearTeacher(features: 12, classes: 5, seed: 2);
        var options = Options(Save("a.onnx", teacher.Graph().Output("logits"))) with
        {
            Teachers = [new() { Model = temp["a.onnx"] }, new() { Model = Save("b.onnx", other.Graph().Output("logits")), Name = "big" }],
            Combination = Combination.Single,
        };

        Capture("cache", options);

        Near.Equal(teacher.Logits(samples), ReadAll("cache", view: 0, "teacher1"), 2e-6);
        Near.Equal(other.Logits(samples), ReadAll("cache", view: 0, "big"), 2e-6);
        using var cache = LogitCache.Open(temp["cache"]);
        Assert.Equal([0, 1], cache.Streams.Select(stream => stream.Teacher));
    }

    [Fact]
    public void Capture_CombinedTeachersWithTaps_StoreOneStreamOfLogitsAndOneForEachTap()
    {
        var other = new LinearTeacher(features: 12, classes: 3, seed: 2);
        string Map(string name, LinearTeacher of) => Save(name, of.Graph().Node("Relu", "product", "/Act/Relu")
            .Integers("shape", -1, 3, 1).Node("Reshape", "/Act/Relu shape", "map").Node("Neg", "logits", "aux").Output("logits").Output("aux"));
        var options = Options(Map("a.onnx", teacher)) with
        {
            Teachers =
            [
                new() { Model = temp["a.onnx"], Output = "logits", Kind = OutputKind.Classes, Outputs = [new("aux", "negated")], Features = [new("map")] },
                new() { Model = Map("b.onnx", other), Output = "logits", Features = [new("/Act/Relu"), new("logits", "own")] },
            ],
            Combination = Combination.MeanOfLogits,
        };

        Capture("cache", options);

        using var cache = LogitCache.Open(temp["cache"]);
        Assert.Equal(["logits", "negated", "teacher1.map", "teacher2.act-relu", "own"], cache.Streams.Select(stream => stream.Name));
        Assert.Equal([null, 0, 0, 1, 1], cache.Streams.Select(stream => stream.Teacher));
        Assert.Equal([3, 1], cache.Streams[2].Shape);
        double[] first = teacher.Logits(samples), second = other.Logits(samples);
        Near.Equal(first.Zip(second, (a, b) => (a + b) / 2).ToArray(), ReadAll("cache", view: 0, "logits"), 2e-6);
        Near.Equal(first.Select(v => -v).ToArray(), ReadAll("cache", view: 0, "negated"), 2e-6);
        Near.Equal(second, ReadAll("cache", view: 0, "own"), 2e-6);
    }

    [Fact]
    public void Capture_TwoStreamsOfOneName_AreRefused()
    {
        var options = Options(Save("a.onnx", teacher.Graph().Output("logits"))) with
        {
            Teachers = [new() { Model = temp["a.onnx"], Features = [new("product", "logits")] }],
        };
        Assert.Contains("'logits' 2 times", Assert.Throws<InputException>(() => Capture("cache", options)).Message);
    }

    [Fact]
    public void Capture_InParts_GivesTheCacheOfOneCapture()
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        Capture("whole", options);

        var results = new[] { 2, 0, 1 }.Select(i => Capture("parts", options with { Part = new(i, 3) })).ToArray();

        Assert.Equal([false, false, true], results.Select(result => result.IsComplete));
        Assert.Equal(Count, results.Sum(result => result.Captured));
        Assert.Equal(DigestOf("whole"), DigestOf("parts"));
    }

    [Fact]
    public void Capture_BatchSizeAuto_IsChosenOnceAndKeptByEveryPart()
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits"))) with { BatchSize = null };
        var first = Capture("cache", options with { Part = new(0, 2) });
        var second = Capture("cache", options with { Part = new(1, 2) });

        Assert.InRange(first.BatchSize, 1, Count);
        Assert.Equal(first.BatchSize, second.BatchSize);
        Near.Equal(teacher.Logits(samples), ReadAll("cache", view: 0), 2e-6);
    }

    [Fact]
    public void Capture_BeforeItStarts_TellsWhatItWillTake()
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        var estimates = new List<CaptureEstimate>();
        CacheCapture.Capture(set, options, temp["cache"], null, CancellationToken.None, estimates.Add);
        CacheCapture.Capture(set, options, temp["cache"], null, CancellationToken.None, estimates.Add); // nothing left to do

        var estimate = Assert.Single(estimates);
        Assert.Equal((Count, 3 * 4 + 8, Count * 20L), (estimate.Rows, estimate.BytesPerRow, estimate.Bytes));
        Assert.True(estimate.RowsPerSecond > 0 && estimate.FreeBytes > 0);
    }

    [Fact]
    public void Estimate_DiskWithoutRoom_SaysHowMuchIsMissing()
    {
        var estimate = new CaptureEstimate([], Rows: 1_000_000, BytesPerRow: 5000, FreeBytes: 4_000_000_000, RowsPerSecond: 1, BatchSize: 1);
        var message = Assert.Throws<InputException>(() => estimate.RequireRoom("cache")).Message;
        Assert.Contains("4 GB free", message);
        Assert.Contains("5.2 GB", message);
        (estimate with { FreeBytes = 6_000_000_000 }).RequireRoom("cache");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Capture_BrokenOffAfterSomeBatches_GoesOnAndGivesTheSameCache(int batches)
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        Capture("whole", options);

        var stored = 0.0;
        Assert.Throws<IOException>(() => Capture("broken", options, report: p =>
        {
            stored = p.Done;
            if (p.Done >= batches * Batch)
                throw new IOException("pulled the plug");
        }));
        var result = Capture("broken", options);

        Assert.Equal((Count, Count - (long)stored), (result.Rows, result.Captured));
        Assert.Equal(DigestOf("whole"), DigestOf("broken"));
    }

    [Fact]
    public void Capture_Cancelled_KeepsWhatIsStoredAndGoesOn()
    {
        const int views = 20;
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits"))) with { Augmentation = new(new NoiseStep(0.1)), Views = views };
        Capture("whole", options);
        using var source = new CancellationTokenSource();

        Assert.ThrowsAny<OperationCanceledException>(() => Capture("cancelled", options, report: p =>
        {
            if (p.Done >= 2 * Batch)
                source.Cancel();
        }, source.Token));
        var result = Capture("cancelled", options);

        // Batches that were whole by then are kept as well: a few, as only a few are under way.
        Assert.InRange(result.Captured, views * Count - 20 * Batch, views * Count - 2 * Batch);
        Assert.Equal(DigestOf("whole"), DigestOf("cancelled"));
    }

    [Fact]
    public void Capture_TeacherWithAFixedBatch_RunsWholeBatchesAndPadsOnlyTheLast()
    {
        var stored = new List<double>();
        var options = Options(Save("teacher.onnx", teacher.Graph(batch: 20).Output("logits"))); // asks for 8

        Capture("cache", options, report: p => stored.Add(p.Done));

        Assert.Equal([0.0, 20, 40, 50], stored);
        Near.Equal(teacher.Logits(samples), ReadAll("cache", view: 0), 2e-6);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(16)]
    public void Capture_OnSeveralThreads_GivesTheBytesOfOne(int threads)
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits"))) with
        {
            Augmentation = new(new NoiseStep(0.1)), Views = 20, Storage = new TopK(2, [1, 4]), Seed = 3,
        };

        Capture("one", options);
        Capture("several", options with { Threads = threads });

        Assert.Equal(DigestOf("one"), DigestOf("several"));
    }

    [Fact]
    public void Capture_FinishedCache_CapturesNothing()
    {
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        Capture("cache", options);
        Assert.Equal(0, Capture("cache", options).Captured);
    }

    [Theory]
    [InlineData(float.NaN, 13)]
    [InlineData(float.PositiveInfinity, 49)]
    public void Capture_SampleThatIsNotFinite_IsNamedBeforeTheTeacherSeesIt(float value, int sample)
    {
        var poisoned = (float[])samples.Clone();
        poisoned[sample * teacher.Features] = value;
        using var bad = OpenSet("bad.npy", poisoned, Count, 3, 4);
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));

        var error = Assert.Throws<InputException>(() => CacheCapture.Capture(bad, options, temp["bad"], null, CancellationToken.None));

        Assert.Contains($"bad.npy, sample {sample}, value 0", error.Message);
    }

    /// <summary>A finite sample whose scores are not: of 10³⁰ the square is beyond float32.</summary>
    [Fact]
    public void Capture_ScoreThatIsNotFinite_NamesTeacherSampleAndClass()
    {
        var large = (float[])samples.Clone();
        large.AsSpan(13 * teacher.Features, teacher.Features).Fill(1e30f);
        using var set = OpenSet("large.npy", large, Count, 3, 4);
        var options = Options(Save("teacher.onnx", teacher.Graph().Node("Mul", "logits logits", "squares").Output("squares")));
        options = options with { Teachers = [options.Teachers[0] with { Kind = OutputKind.Classes }] };

        var error = Assert.Throws<InputException>(() => CacheCapture.Capture(set, options, temp["large"], null, CancellationToken.None));

        Assert.Contains("teacher.onnx, tensor 'squares', sample 13 of", error.Message);
        Assert.Contains("class 0", error.Message);
    }

    [Fact]
    public void Capture_LabelThatTheTeacherDoesNotKnow_IsRefusedBeforeTheWork()
    {
        var labels = new byte[Count];
        labels[17] = (byte)teacher.Classes;
        File.WriteAllBytes(temp["labels"], [0, 0, 8, 1, 0, 0, 0, Count, .. labels]); // IDX: bytes, one axis
        using var labelled = TransferSet.Open(new() { Samples = temp["set.npy"], Labels = temp["labels"] });

        var error = Assert.Throws<InputException>(() => CacheCapture.Capture(
            labelled, Options(Save("teacher.onnx", teacher.Graph().Output("logits"))), temp["cache"], null, CancellationToken.None));

        Assert.All(["sample 17", "class 3", "0 to 2"], part => Assert.Contains(part, error.Message));
        Assert.False(Directory.Exists(temp["cache"]));
    }

    [Fact]
    public void Capture_TeachersOfDifferentClasses_NamesBothNumbers()
    {
        var other = new LinearTeacher(features: 12, classes: 5, seed: 2);
        var options = Options(Save("a.onnx", teacher.Graph().Output("logits"))) with
        {
            Teachers = [new() { Model = temp["a.onnx"] }, new() { Model = Save("b.onnx", other.Graph().Output("logits")) }],
        };
        var error = Assert.Throws<InputException>(() => Capture("cache", options));
        Assert.Contains("5 classes", error.Message);
        Assert.Contains("3 classes, as a.onnx has", error.Message);
    }

    [Fact]
    public void Capture_IntoTheCacheOfAnotherTeacher_IsRefused()
    {
        Capture("cache", Options(Save("a.onnx", teacher.Graph().Output("logits"))));
        var other = new LinearTeacher(features: 12, classes: 3, seed: 2);
        Assert.Throws<CheckFailedException>(() => Capture("cache", Options(Save("b.onnx", other.Graph().Output("logits")))));
    }

    [Fact]
    public void Capture_OptionsOutOfRange_AreNamed()
    {
        var good = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        Refused("teachers", good with { Teachers = [] });
        Refused("batch size", good with { BatchSize = 0 });
        Refused("views", good with { Views = 2 });
        Refused("threads", good with { Threads = 0 });
        Refused("weight", good with { Teachers = [good.Teachers[0] with { Weight = -1 }] });
        Refused("name", good with { Teachers = [good.Teachers[0] with { Name = "Big Teacher" }] });
        Refused("stream", good with { Teachers = [good.Teachers[0] with { Features = [new("product", "a b")] }] });

        void Refused(string option, CaptureOptions options) =>
            Assert.Contains(option, Assert.Throws<InputException>(() => Capture("cache", options)).Message);
    }

    private static CaptureOptions Options(string model) => new()
    {
        Teachers = [new() { Model = model }],
        Device = "cpu",
        Threads = 1,
        BatchSize = Batch,
    };

    private CaptureResult Capture(string folder, CaptureOptions options, Action<StageProgress>? report = null, CancellationToken token = default) =>
        CacheCapture.Capture(set, options, temp[folder], report is null ? null : new Direct(report), token);

    private float[] ReadAll(string folder, int view, string? name = null)
    {
        using var cache = LogitCache.Open(temp[folder]);
        var stream = cache.Stream(name);
        var logits = new float[Count * stream.Values];
        cache.Read(stream, Enumerable.Range(0, Count).Select(i => (long)i).ToArray(), view, logits);
        return logits;
    }

    private string DigestOf(string folder)
    {
        using var cache = LogitCache.Open(temp[folder]);
        return cache.Digest;
    }

    private string Save(string name, GraphBuilder graph)
    {
        graph.Build().Save(temp[name]);
        return temp[name];
    }

    private TransferSet OpenSet(string name, float[] values, params int[] shape)
    {
        Npy.Write(temp[name], values, shape);
        return TransferSet.Open(new() { Samples = temp[name] });
    }

    private static double Softmax(double[] logits, int index) =>
        Math.Exp(logits[index]) / logits.Skip(index / 3 * 3).Take(3).Sum(Math.Exp);

    /// <summary>Reports on the reporting thread, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Direct(Action<StageProgress> report) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => report(value);
    }
}
