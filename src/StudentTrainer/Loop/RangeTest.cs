using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>What a range test found.</summary>
/// <param name="LearningRate">The rate to train with.</param>
/// <param name="Steps">The steps that it took.</param>
/// <param name="FallsUpTo">The rate up to which the loss fell.</param>
public sealed record RangeFinding(double LearningRate, int Steps, double FallsUpTo);

/// <summary>
/// Finds a learning rate (Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3): on the first batches the rate rises
/// from step to step, until the loss does; what is learned is thrown away.
/// </summary>
public static class RangeTest
{
    private const int Steps = 100;
    private const double Smoothing = 0.85;

    // The loss has risen for good.
    private const double Risen = 3;

    // As far below the rate at which the loss rises as leaves room for the steps of a whole training.
    private const double Margin = 5;

    /// <summary>Finds it. The same students, data and settings give the same rate.</summary>
    /// <param name="learners">The students, and what each minimises.</param>
    /// <param name="data">What they learn from.</param>
    /// <param name="options">The settings; the rate and the schedule do not matter.</param>
    /// <param name="progress">Told about steps.</param>
    /// <param name="token">Stops the test.</param>
    /// <exception cref="OnnxKdException">As <see cref="Trainer.Train"/>.</exception>
    /// <exception cref="CheckFailedException">The loss falls at no rate.</exception>
    public static RangeFinding Find(
        IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options, IProgress<StageProgress>? progress, CancellationToken token)
    {
        var (lowest, highest) = options.Optimizer.Rates;
        using var room = Classroom.Open(learners, data, options);

        var curve = new List<(double Rate, double Loss)>();
        var (smoothed, weight) = (0.0, 0.0);
        foreach (var batch in Enumerable.Range(0, int.MaxValue).SelectMany(epoch => room.Batches.Epoch(epoch)).Take(Steps))
        {
            token.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var rate = lowest * Math.Pow(highest / lowest, (double)curve.Count / (Steps - 1));
            var losses = TrainingStep.Run(room.Team, batch, options.Seed, curve.Count, epoch: 0, rate);
            var loss = losses.Sum(parts => (double)parts[0].item<float>());
            if (!double.IsFinite(loss))
                break;
            (smoothed, weight) = (smoothed * Smoothing + loss * (1 - Smoothing), weight * Smoothing + 1 - Smoothing);
            curve.Add((rate, smoothed / weight));
            progress?.Report(new("find rate", curve.Count, Steps, "steps"));
            if (curve[^1].Loss > Risen * curve.Min(point => point.Loss) && curve[^1].Loss > curve[0].Loss)
                break;
        }

        if (curve.Count == 0)
            throw new CheckFailedException(
                "The loss of the untrained student is not a finite number.", "the first batch",
                remedy: "look at the samples (large numbers? student.preprocessing: fit) and at the teacher's class scores");
        var best = curve.MinBy(point => point.Loss).Rate;
        return new(Round(Math.Clamp(best / Margin, lowest * 3, highest / 3)), curve.Count, best);
    }

    /// <summary>Down to 1, 2, 3 or 5 times a power of ten: what rounding in another order changes does not show.</summary>
    private static double Round(double rate)
    {
        var power = Math.Floor(Math.Log10(rate));
        var lead = rate / Math.Pow(10, power);
        var digit = lead >= 5 ? 5 : lead >= 3 ? 3 : lead >= 2 ? 2 : 1;
        return double.Parse(FormattableString.Invariant($"{digit}e{power}"), System.Globalization.CultureInfo.InvariantCulture);
    }
}
