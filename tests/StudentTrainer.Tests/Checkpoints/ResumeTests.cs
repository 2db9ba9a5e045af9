using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Tests.Loop;
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

    private TrainingData Data => toy.Data with { Evaluation = toy.Evaluation };

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
    /// A kill leaves the checkpoint of an earlier epoch, and maybe a newer best one: that is what copying the folder does here. After the
    /// second epoch, the last checkpoint may be that of the first.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Train_KilledAfterAnEpoch_GivesSameBytesAsUninterrupted(int epoch)
    {
        var whole = toy.Train(Toy.Cnn(), Data, Toy.Soft, Options, "whole", new CopyAt(epoch, toy.Folder("whole"), toy.Folder("cut")));
        File.Copy(toy.Folder("whole/best.safetensors"), toy.Folder("cut/best.safetensors"), overwrite: true);
        RequireSame(whole, toy.Train(Toy.Cnn(), Data, Toy.Soft, Options, "cut"));
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
