using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Tests.Loop;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Checkpoints;

/// <summary>A training that was stopped goes on as if it had not been.</summary>
public sealed class ResumeTests : IDisposable
{
    // More than one fetch of losses per epoch, dropout, moments, averages, batch statistics.
    private static readonly TrainingOptions Options = Toy.Options with
    {
        Epochs = 3, BatchSize = 2, AverageDecay = 0.99, Keep = "best", Optimizer = new AdamOptions { LearningRate = 0.01 },
        Schedule = new OneCycleSchedule(),
    };

    private readonly Toy toy = new();

    private TrainingData Data => toy.Data with { Validation = toy.Validation };

    public void Dispose() => toy.Dispose();

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.6)]
    [InlineData(1.0)]
    [InlineData(1.4)]
    [InlineData(2.6)]
    public void Train_CancelledAtAnyPoint_GivesSameBytesAsUninterrupted(double epoch)
    {
        var whole = toy.Train(Toy.Cnn(), Data, Toy.Soft, Options, "whole");
        using var cancellation = new CancellationTokenSource();
        if (epoch == 0)
            cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            toy.Train(Toy.Cnn(), Data, Toy.Soft, Options, "cut", new CancelAt(epoch, cancellation), cancellation.Token));
        var resumed = toy.Train(Toy.Cnn(), Data, Toy.Soft, Options, "cut");
        RequireSame(whole, resumed);
    }

    /// <summary>
    /// A kill leaves the checkpoint of an earlier epoch, and maybe a newer best one, which another device may not find again: that is what copying the folder does here.
    /// After the second epoch, the last checkpoint may be that of the first.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Train_KilledAfterAnEpoch_GivesSameBytesAsUninterrupted(int epoch)
    {
        var whole = toy.Train(Toy.Cnn(), Data, Toy.Soft, Options, "whole", new CopyAt(epoch, toy.Folder("whole"), toy.Folder("cut")));
        File.Copy(Directory.GetFiles(toy.Folder("whole"), "best-*").Single(), toy.Folder("cut/best-3.safetensors"), overwrite: true);
        RequireSame(whole, toy.Train(Toy.Cnn(), Data, Toy.Soft, Options, "cut"));
        Assert.Equal(
            Directory.GetFiles(toy.Folder("whole"), "best-*").Select(Path.GetFileName), Directory.GetFiles(toy.Folder("cut"), "best-*").Select(Path.GetFileName));
    }

    [Fact]
    public void Train_WhoseBestEpochIsLongAgo_KeepsItsWeights()
    {
        // The validation labels say nothing of the images: the surer the student, the worse.
        var options = Options with { Epochs = 6, EarlyStop = new() { Patience = 6, Metric = "nll" } };
        var whole = toy.Train(Toy.Cnn(), Data, Toy.Soft, options, "whole", new CopyAt(2, toy.Folder("whole"), toy.Folder("cut")));
        var best = 1 + whole.Epochs.Select(epoch => epoch.Nll!.Value).ToList().IndexOf(whole.Epochs.Min(epoch => epoch.Nll!.Value));
        Assert.InRange(best, 1, 4);
        Assert.Equal([$"best-{best}.safetensors"], Directory.GetFiles(toy.Folder("whole"), "best-*").Select(Path.GetFileName));
        RequireSame(whole, toy.Train(Toy.Cnn(), Data, Toy.Soft, options, "cut"));
    }

    /// <summary>The teacher puts one class first everywhere, as where the other is rare: every epoch agrees with all of it.</summary>
    [Fact]
    public void Train_WhoseEpochsAllAgreeAlike_KeepsTheOneThatIsClosest()
    {
        using var folder = new TemporaryFolder();
        using var set = Sets.Create(folder, "alike", Numbers.Uniform(3, 64 * 16, -1, 1), [1, 4, 4]);
        float[] logits = [.. Numbers.Uniform(4, 64, 2, 4).SelectMany(margin => new[] { margin, 0, 0 })];
        using var cache = Sets.Cache(folder, set, [(Sets.Logits(CacheStream.Answer, [3]), logits)]);
        var data = new TrainingData(set, Preprocessing.None, cache, set, cache);

        var result = toy.Train(Toy.Mlp(), data, Toy.Soft, Options with { Epochs = 4, EarlyStop = null });

        Assert.Equal(4, result.Epochs.Count(epoch => epoch.Agreement == 1));
        var best = result.Epochs.MinBy(epoch => epoch.Kl)!.Epoch;
        Assert.True(best > 1);
        Assert.Equal([$"best-{best}.safetensors"], Directory.GetFiles(toy.Folder("run"), "best-*").Select(Path.GetFileName));
    }

    /// <summary>The best weights of one are not taken for another's.</summary>
    [Fact]
    public void Train_OfLearnersWithNumberedNames_KeepsTheBestOfEach()
    {
        LearnerOptions[] learners = [.. Enumerable.Range(0, 2).Select(i => new LearnerOptions($"net-{i}", Toy.Mlp(), StudentImport.Default, Toy.Soft))];

        var result = Trainer.Train(learners, Data, Options, toy.Folder("both"));

        foreach (var student in result.Students)
        {
            var best = student.Epochs.MinBy(epoch => (epoch.Errors, epoch.Nll))!.Epoch;
            Assert.Equal([$"{student.Name}.best-{best}.safetensors"], Directory.GetFiles(toy.Folder("both"), $"{student.Name}.best-*").Select(Path.GetFileName));
        }
    }

    [Fact]
    public void Train_ThatKeepsTheLastWeights_WritesNoOthers()
    {
        toy.Train(Toy.Cnn(), Data, Toy.Soft, Options with { Keep = "last" });
        Assert.Empty(Directory.GetFiles(toy.Folder("run"), "best*"));
    }

    [Fact]
    public void Train_OfFinishedTraining_GivesItsResultAgain()
    {
        var first = toy.Train(Toy.Cnn(), Data, Toy.Soft, Options);
        var written = File.GetLastWriteTimeUtc(Path.Combine(toy.Folder("run"), "last.safetensors"));
        RequireSame(first, toy.Train(Toy.Cnn(), Data, Toy.Soft, Options));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(toy.Folder("run"), "last.safetensors")));
    }

    [Fact]
    public void Train_OnOtherThreads_MayGoOn() => TrainThen(Options with { Threads = 2 }, Toy.Cnn(), Data);

    [Fact]
    public void Train_OfOtherOptions_IsRefusedAndNamesThem()
    {
        var error = Assert.Throws<CheckFailedException>(() =>
            TrainThen(Options with { BatchSize = 4, Optimizer = new AdamOptions { LearningRate = 0.02 } }, Toy.Cnn(), Data));
        Assert.Contains("found:    options.batch-size 2, options.optimizer.learning-rate 0.01", error.Message);
        Assert.Contains("expected: options.batch-size 4, options.optimizer.learning-rate 0.02", error.Message);
        Assert.Contains("last.safetensors", error.Message);
    }

    [Fact]
    public void Train_OfOtherStudent_IsRefused()
    {
        var other = Toy.Cnn();
        other.SetMetadata("seed", "2");
        Assert.Contains("initial_model", Assert.Throws<CheckFailedException>(() => TrainThen(Options, other, Data)).Message);
    }

    [Fact]
    public void Train_OfOtherTeacher_IsRefused()
    {
        using var other = new Toy();
        var logits = toy.Logits.Select(logit => logit + 1).ToArray();
        using var cache = other.CacheOf(other.Set("again", Samples(), [4, 4], toy.Labels), logits, Toy.Classes);
        var error = Assert.Throws<CheckFailedException>(() => TrainThen(Options, Toy.Cnn(), Data with { Cache = cache }));
        Assert.Contains("cache", error.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(-1)]
    public void Train_WithDamagedCheckpoint_IsRefused(int keep)
    {
        toy.Train(Toy.Cnn(), Data, Toy.Soft, Options);
        var path = Path.Combine(toy.Folder("run"), "last.safetensors");
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, keep < 0 ? bytes[..^1] : bytes[..keep]);
        Assert.Contains(path, Assert.Throws<CheckFailedException>(() => toy.Train(Toy.Cnn(), Data, Toy.Soft, Options)).Message);
    }

    [Theory]
    [InlineData("")] // what a power cut may leave
    [InlineData(null)]
    public void Train_WhoseEventsAreLost_HasThemAgain(string? left)
    {
        toy.Train(Toy.Cnn(), Data, Toy.Soft, Options);
        var path = Path.Combine(toy.Folder("run"), "events.jsonl");
        var expected = File.ReadAllText(path);
        File.Delete(path);
        if (left is not null)
            File.WriteAllText(path, left);

        toy.Train(Toy.Cnn(), Data, Toy.Soft, Options);

        Assert.Equal(expected, File.ReadAllText(path));
    }

    [Theory]
    [InlineData(0)] // the length of the header
    [InlineData(8)] // its first brace
    [InlineData(40)] // a name in it
    public void Train_WithAFlippedBitInTheCheckpointsHeader_IsDamageAsElsewhere(int at)
    {
        toy.Train(Toy.Cnn(), Data, Toy.Soft, Options);
        var path = Path.Combine(toy.Folder("run"), "last.safetensors");
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= 1;
        File.WriteAllBytes(path, bytes);

        Assert.Contains(path, Assert.Throws<CheckFailedException>(() => toy.Train(Toy.Cnn(), Data, Toy.Soft, Options)).Message);
    }

    [Fact]
    public void Train_WhoseRateWasLeftOpen_FindsItOnce()
    {
        var options = Options with { Optimizer = new AdamOptions { LearningRate = null } };
        var stages = new List<string>();
        var first = toy.Train(Toy.Cnn(), Data, Toy.Soft, options, "run", new Watch(stages));
        Assert.Contains("find rate", stages);
        stages.Clear();
        RequireSame(first, toy.Train(Toy.Cnn(), Data, Toy.Soft, options, "run", new Watch(stages)));
        Assert.DoesNotContain("find rate", stages);

        // How long the training is to be decides nothing about the rate, another batch size does.
        var path = toy.Folder("run/rate.json");
        Directory.CreateDirectory(toy.Folder("longer"));
        File.Copy(path, toy.Folder("longer/rate.json"));
        toy.Train(Toy.Cnn(), toy.Data, Toy.Soft, options with { Epochs = 4, Keep = "last" }, "longer", new Watch(stages));
        Assert.DoesNotContain("find rate", stages);
        Directory.CreateDirectory(toy.Folder("larger"));
        File.Copy(path, toy.Folder("larger/rate.json"));
        Assert.Contains("batch-size", Assert.Throws<CheckFailedException>(() => toy.Train(Toy.Cnn(), Data, Toy.Soft, options with { BatchSize = 8 }, "larger")).Message);

        File.WriteAllText(path, File.ReadAllText(path).Replace("\"learning_rate\": ", "\"learning_rate\": 1", StringComparison.Ordinal));
        Assert.Contains("was changed", Assert.Throws<CheckFailedException>(() => toy.Train(Toy.Cnn(), Data, Toy.Soft, options)).Message);
    }

    private void TrainThen(TrainingOptions options, OnnxModel student, TrainingData data)
    {
        toy.Train(Toy.Cnn(), Data, Toy.Soft, Options);
        toy.Train(student, data, Toy.Soft, options);
    }

    private float[] Samples()
    {
        var pixels = new float[Toy.Samples * 16];
        toy.Transfer.Read([.. Enumerable.Range(0, Toy.Samples).Select(i => (long)i)], pixels);
        return pixels;
    }

    private static void RequireSame(TrainedStudent expected, TrainedStudent actual)
    {
        Assert.Equal(expected.Model.ToBytes(), actual.Model.ToBytes());
        Assert.Equal(
            expected.Epochs.Select(figures => (figures.Loss, figures.Terms["soft"], figures.LearningRate, figures.Errors, figures.Nll)),
            actual.Epochs.Select(figures => (figures.Loss, figures.Terms["soft"], figures.LearningRate, figures.Errors, figures.Nll)));
    }

    private sealed class Watch(List<string> stages) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => stages.Add(value.Stage);
    }

    private sealed class CancelAt(double epoch, CancellationTokenSource source) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            if (value.Done >= epoch)
                source.Cancel();
        }
    }

    private sealed class CopyAt(double epoch, string from, string to) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            if (value.Done != epoch)
                return;
            Directory.CreateDirectory(to);
            foreach (var file in Directory.GetFiles(from))
                File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
