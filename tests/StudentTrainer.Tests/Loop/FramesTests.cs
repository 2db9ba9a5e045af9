using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Loop;

/// <summary>Students that give logits at several positions of a sample.</summary>
public sealed class FramesTests : IDisposable
{
    private static readonly IReadOnlyList<Term> Hard = [new HardTerm()];

    private readonly FramesToy toy = new();

    public void Dispose() => toy.Dispose();

    public static TheoryData<StreamStorage, double> Storages => new()
    {
        { new Float32(), 0.99 }, { new Float16(), 0.99 }, { new BFloat16(), 0.98 }, { new Int8(), 0.98 },
        { new TopK(2, [1, 2]), 0.97 }, { new TopK(3, [2]), 0.99 }, { new Sampled(40, 2), 0.9 },
    };

    [Theory]
    [MemberData(nameof(Storages))]
    public void Train_OfFrames_LearnsFromEveryStorage(StreamStorage storage, double agreement)
    {
        var data = toy.Data(toy.Cache(storage)) with { Validation = toy.Transfer, ValidationCache = toy.Cache() };
        var last = toy.Train(data).Epochs[^1];
        Assert.InRange(last.Agreement!.Value, agreement, 1);
        Assert.Null(last.Errors);
        Assert.Null(last.Nll);
    }

    /// <summary>With one matrix for all frames, the weights are those of a training on single frames.</summary>
    [Fact]
    public void Train_OfFrames_IsMeanOverAllPositions()
    {
        var options = FramesToy.Options with { BatchSize = FramesToy.Samples, Epochs = 5, Optimizer = new SgdOptions { LearningRate = 0.5 } };
        var together = FramesToy.Weights(toy.Train(toy.Data(), options: options, name: "frames"));

        using var singles = new TemporaryFolder();
        using var set = Sets.Create(
            singles, "set", Numbers.Uniform(1, FramesToy.Samples * FramesToy.Frames * FramesToy.Features), [1, FramesToy.Features]);
        using var cache = Sets.Cache(singles, set, toy.Logits, FramesToy.Classes);
        var apart = FramesToy.Weights(toy.Train(
            new(set, toy.Data().Preprocessing, cache, null), options: options with { BatchSize = FramesToy.Samples * FramesToy.Frames },
            name: "singles", student: FramesToy.Student(frames: 1)));
        Near.Equal(apart, together, 1e-5);
    }

    [Fact]
    public void Train_WithLengths_SeesNothingBeyondThem()
    {
        int[] lengths = [.. Enumerable.Range(0, FramesToy.Samples).Select(i => 1 + i % FramesToy.Frames)];
        float[] nonsense = [.. toy.Logits.Select((value, i) =>
            i / FramesToy.Classes % FramesToy.Frames < lengths[i / FramesToy.Classes / FramesToy.Frames] ? value : 30f * (i % 2))];
        var set = toy.With(lengths: lengths);
        var changed = toy.Data(toy.Cache(new TopK(2, [2]), logits: nonsense)) with { Transfer = set };
        var right = toy.Data(toy.Cache(new TopK(2, [2]))) with { Transfer = set };
        Assert.Equal(FramesToy.Weights(toy.Train(right, name: "right")), FramesToy.Weights(toy.Train(changed, name: "changed")));
        Assert.NotEqual(
            FramesToy.Weights(toy.Train(right with { Transfer = toy.Transfer }, name: "all")),
            FramesToy.Weights(toy.Train(changed with { Transfer = toy.Transfer }, name: "all-changed")));
    }

    [Fact]
    public void Train_OfLabelsPerFrame_LearnsAndCountsErrors()
    {
        var labelled = toy.With(labels: toy.TopClasses());
        var last = toy.Train(new(labelled, toy.Data().Preprocessing, null, labelled), Hard).Epochs[^1];
        Assert.InRange(last.Errors!.Value, 0, 15); // of 300 frames
        Assert.InRange(last.Nll!.Value, 0, 0.5); // ln 3 without learning
        Assert.Null(last.Agreement);
    }

    /// <summary>A frame without a label and a frame beyond the length are both left out.</summary>
    [Fact]
    public void Train_OfUnknownLabels_EqualsTrainingWithinLengths()
    {
        int[] lengths = [.. Enumerable.Range(0, FramesToy.Samples).Select(i => 1 + i % FramesToy.Frames)];
        int[] unknown = [.. toy.TopClasses().Select((label, i) => i % FramesToy.Frames < lengths[i / FramesToy.Frames] ? label : -1)];
        var within = toy.With(labels: toy.TopClasses(), lengths: lengths);
        var ignoring = toy.With(labels: unknown);
        var right = toy.Train(new(within, toy.Data().Preprocessing, null, within), Hard, name: "within");
        var left = toy.Train(new(ignoring, toy.Data().Preprocessing, null, ignoring), Hard, name: "ignoring");
        Near.Equal(FramesToy.Weights(right), FramesToy.Weights(left), 1e-5);
        Assert.Equal(right.Epochs[^1].Errors, left.Epochs[^1].Errors);
    }

    [Fact]
    public void Agreement_WithLengths_CountsFramesWithinThem()
    {
        var lengths = toy.With(lengths: [.. Enumerable.Repeat(2, FramesToy.Samples)]);
        float[] flipped = [.. toy.Logits.Select((value, i) => i / FramesToy.Classes % FramesToy.Frames < 2 ? value : -value)];
        var data = toy.Data() with { Validation = toy.Transfer, ValidationCache = toy.Cache(logits: flipped) };
        var within = toy.Train(data with { Validation = lengths }, name: "within").Epochs[^1].Agreement!.Value;
        var all = toy.Train(data, name: "all").Epochs[^1].Agreement!.Value;
        Assert.InRange(within, 0.98, 1);
        Assert.InRange(all, 0.38, 0.42);
    }

    [Fact]
    public void Train_OfTwoStreams_LearnsFromThoseThatAreNamed()
    {
        float[] opposite = [.. toy.Logits.Select(value => -value)];
        var cache = toy.CacheOf(
            (Sets.Logits("good", [FramesToy.Frames, FramesToy.Classes]), toy.Logits),
            (Sets.Logits("bad", [FramesToy.Frames, FramesToy.Classes], new Float16()), opposite));
        var data = toy.Data(cache) with { Validation = toy.Transfer, ValidationCache = cache };
        IReadOnlyList<Term> fromGood = [new SoftTerm { Teacher = "good" }];
        Assert.InRange(toy.Train(data, fromGood, name: "good").Epochs[^1].Agreement!.Value, 0.98, 1);

        // A cache without a stream of that name is compared by its first.
        var other = toy.Train(data with { ValidationCache = toy.Cache() }, fromGood, name: "other").Epochs[^1];
        Assert.InRange(other.Agreement!.Value, 0.98, 1);

        // Agreement is with the first term's teacher, which the student hardly follows.
        var both = toy.Train(
            data,
            [new SoftTerm { Teacher = "bad", Weight = 0.05 }, new SoftTerm { Teacher = "good" }],
            name: "both").Epochs[^1];
        Assert.Equal(["soft:bad", "soft:good"], both.Terms.Keys);
        Assert.InRange(both.Agreement!.Value, 0, 0.1);

        var error = Assert.Throws<InputException>(() => toy.Train(data, name: "none"));
        Assert.Contains("good (class scores), bad (class scores)", error.Message);
    }

    [Fact]
    public void EarlyStop_WithoutLabels_WatchesAgreementOnly()
    {
        var data = toy.Data() with { Validation = toy.Transfer, ValidationCache = toy.Cache() };
        var options = FramesToy.Options with { EarlyStop = new() { Patience = 2, Metric = "agreement" }, Keep = "best" };
        Assert.InRange(toy.Train(data, options: options).Epochs.Max(epoch => epoch.Agreement!.Value), 0.98, 1);
        Refused("agreement", data, options: options with { EarlyStop = new() { Patience = 2, Metric = "errors" } });
    }

    [Fact]
    public void Train_OfOtherNumberOfFrames_NamesRatio() => Refused(
        "student [5, 3], teacher [10, 3]: 1 of the student's for every 2 of the teacher's",
        toy.Data(toy.Cache(shape: [10, 3], logits: new float[FramesToy.Samples * 30])));

    [Fact]
    public void Train_OfTransposedTeacher_SaysSo() => Refused("transpose", toy.Data(toy.Cache(shape: [3, 5])));

    [Fact]
    public void Train_OfFramesAgainstSamples_SaysBothShapes() =>
        Refused("student [5, 3], teacher [3]", toy.Data(toy.Cache(shape: [3], logits: new float[FramesToy.Samples * 3])));

    [Fact]
    public void Train_OfHardLabelsForFrames_IsRefused() =>
        Refused("one label per sample", new(toy.With(labels: new int[FramesToy.Samples]), toy.Data().Preprocessing, null, null), Hard);

    [Fact]
    public void Train_OfLabelsAndTeacherForOtherPositions_IsRefused()
    {
        IReadOnlyList<Term> both = [.. FramesToy.Soft(), .. Hard];
        var frames = toy.Data() with { Transfer = toy.With(labels: new int[FramesToy.Samples]) };
        Refused("with one label per sample, and [5, 3] from the student", frames, both);
        var samples = toy.Data(toy.Cache(shape: [3], logits: new float[FramesToy.Samples * 3]));
        Refused("student [5, 3], teacher [3]", samples with { Transfer = toy.With(toy.TopClasses()) }, both);
    }

    [Fact]
    public void Train_OfTemperatureThatIsNotStored_NamesThoseThatAre()
    {
        Refused("1 or 4, which stream 'logits' (top-k) holds", toy.Data(toy.Cache(new TopK(2, [1, 4]))));
        Refused("3, which stream 'logits' (sampled) holds", toy.Data(toy.Cache(new Sampled(10, 3))));
        Refused("use one temperature throughout", toy.Data(toy.Cache(new TopK(2, [1, 4]))), [new SoftTerm { Temperature = new([(0, 4), (2, 1)]) }]);
    }

    [Fact]
    public void Train_OfLogitMatchingWithTopK_IsRefused()
    {
        IReadOnlyList<Term> objective = [new LogitMatchingTerm()];
        Refused("stored as top-k", toy.Data(toy.Cache(new TopK(2, [1]))), objective);
        Refused("stored as sampled", toy.Data(toy.Cache(new Sampled(10, 1))), objective);
        Assert.NotEmpty(toy.Train(toy.Data(toy.Cache(new Int8())), objective).Epochs);
    }

    [Fact]
    public void Train_OfLengthsForPixels_IsRefused()
    {
        var data = toy.Data(toy.Cache(shape: [5, 2, 3], logits: new float[FramesToy.Samples * 30]));
        Refused("one axis of frames", data with { Transfer = toy.With(lengths: new int[FramesToy.Samples]) });
    }

    [Fact]
    public void Train_OfEvaluationThatMeasuresNothing_IsRefused() =>
        Refused("nothing can be measured", toy.Data() with { Validation = toy.With(labels: new int[FramesToy.Samples]) });

    private void Refused(
        string message, TrainingData data, IReadOnlyList<Term>? objective = null, TrainingOptions? options = null)
    {
        var error = Assert.Throws<InputException>(() => toy.Train(data, objective, options, name: "refused"));
        Assert.Contains(message, error.Message);
        Assert.False(Directory.Exists(toy.Folder("refused")));
    }
}
