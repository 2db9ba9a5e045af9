using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.TeacherRunner.Tests.Capture;

/// <summary>What a capture stores of one teacher, or several.</summary>
public sealed class CapturedSignalsTests : CaptureTests
{
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
}
