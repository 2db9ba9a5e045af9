using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;

namespace OnnxKd.StudentTrainer.Tests.Loop;

/// <summary>Models that are kept on the way.</summary>
public sealed class MilestonesTests : IDisposable
{
    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    /// <summary>At a constant learning rate, what a training is after two epochs does not depend on how many follow.</summary>
    [Fact]
    public void Train_WithMilestones_KeepsWhatAShorterTrainingGives()
    {
        var options = Toy.Options with { Epochs = 4, Milestones = [1, 2] };
        var trained = toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, options, "long");

        Assert.Equal([1, 2], trained.Milestones.Keys);
        foreach (var epochs in options.Milestones!)
            Assert.Equal(toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, Toy.Options with { Epochs = epochs }, $"short-{epochs}").Model.ToBytes(), trained.Milestones[epochs].ToBytes());
        Assert.Equal(toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, Toy.Options with { Epochs = 4 }, "plain").Model.ToBytes(), trained.Model.ToBytes());
    }

    [Fact]
    public void Train_StoppedBetweenMilestones_EndsWithTheSameModels()
    {
        var options = Toy.Options with { Epochs = 4, Milestones = [1, 3], AverageDecay = 0.9 };
        var whole = toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, options, "whole");
        using (var source = new CancellationTokenSource())
            Assert.Throws<OperationCanceledException>(() => toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, options, "stopped", new StopAfter(2, source), source.Token));
        var resumed = toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, options, "stopped");

        Assert.Equal(whole.Model.ToBytes(), resumed.Model.ToBytes());
        Assert.All(whole.Milestones, milestone => Assert.Equal(milestone.Value.ToBytes(), resumed.Milestones[milestone.Key].ToBytes()));
    }

    [Theory]
    [InlineData(new[] { 3 }, "below 3, the epochs")]
    [InlineData(new[] { 1, 1 }, "each once")]
    [InlineData(new[] { 0 }, "whole numbers from 1 on")]
    public void Train_MilestonesThatAreNone_AreRefused(int[] milestones, string says) => Assert.Contains(
        says, Assert.Throws<InputException>(() => toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, Toy.Options with { Milestones = milestones })).Message);

    private sealed class StopAfter(int reports, CancellationTokenSource source) : IProgress<StageProgress>
    {
        private int left = reports;

        public void Report(StageProgress value)
        {
            if (--left == 0)
                source.Cancel();
        }
    }
}
