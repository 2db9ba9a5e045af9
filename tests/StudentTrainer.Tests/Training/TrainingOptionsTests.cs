using OnnxKd.Core.Errors;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Tests.Loop;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Training;

public sealed class TrainingOptionsTests : IDisposable
{
    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    [Fact]
    public void Metrics_OfEarlyStop_AreMeasuredOrRefused()
    {
        using var cache = toy.CacheOf(toy.Validation, Numbers.Uniform(7, 20 * Toy.Classes, 0), Toy.Classes);
        var data = toy.Data with { Validation = toy.Validation, ValidationCache = cache };
        var refused = new List<string>();
        foreach (var metric in SettingSchema.Of(typeof(EarlyStopOptions))["metric"]!.Words!)
        {
            var options = Toy.Options with { Epochs = 2, EarlyStop = new() { Patience = 1, Metric = metric } };
            try
            {
                Assert.NotEmpty(toy.Train(Toy.Mlp(), data, Toy.Soft, options, metric).Epochs);
            }
            catch (InputException error)
            {
                Assert.Contains("errors, nll or agreement", error.Message);
                refused.Add(metric);
            }
        }

        Assert.Equal(["r-squared", "mse", "cosine"], refused);
    }

    [Fact]
    public void EarlyStop_OfUnlabelledSet_WatchesAgreement()
    {
        using var unlabelled = toy.Set("unlabelled", Numbers.Uniform(5, 20 * 16, 0), [4, 4]);
        using var cache = toy.CacheOf(unlabelled, Numbers.Uniform(7, 20 * Toy.Classes, 0), Toy.Classes);
        var data = toy.Data with { Validation = unlabelled, ValidationCache = cache };
        var result = toy.Train(Toy.Mlp(), data, Toy.Soft, Toy.Options with { Epochs = 50, EarlyStop = new() { Patience = 2 } });
        var agreement = result.Epochs.Select(epoch => epoch.Agreement!.Value).ToList();
        Assert.Equal(agreement.Count - 3, agreement.IndexOf(agreement.Max()));
    }
}
