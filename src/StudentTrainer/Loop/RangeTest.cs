using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Optimizers;
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
/// from step to step, until the loss does. Where the optimizer leaves a choice of rates below that, each has a short training, whose rate falls to 0. What is
/// learned is thrown away.
/// </summary>
public static class RangeTest
{
    private const int Steps = 100;
    private const int TrialSteps = 80;
    private const double Smoothing = 0.85;

    // By so many times its least amount the loss has risen for good.
    private const double Risen = 2;

    /// <summary>Finds it. The same students, data and settings give the same rate.</summary>
    /// <param name="learners">The students, and what each minimises.</param>
    /// <param name="data">What they learn from; a validation set does not matter.</param>
    /// <param name="options">The settings, of which those of <see cref="Relevant"/> matter.</param>
    /// <param name="progress">Told about steps.</param>
    /// <param name="token">Stops the test.</param>
    /// <exception cref="OnnxKdException">As <see cref="Trainer.Train"/>.</exception>
    /// <exception cref="CheckFailedException">The loss is no finite number.</exception>
    public static RangeFinding Find(
        IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options, IProgress<StageProgress>? progress = null, CancellationToken token = default)
    {
        OptionChecks.Require(options, data);
        (data, options) = (data with { Validation = null, ValidationCache = null }, Relevant(options));
        var (lowest, highest) = options.Optimizer.Rates;
        var done = 0;
        var trials = options.Optimizer.Margins.Count > 1 ? options.Optimizer.Margins.Count : 0;
        var curve = Run(Steps, step => lowest * Math.Pow(highest / lowest, (double)step / (Steps - 1)));
        if (curve.Count == 0)
            throw new CheckFailedException(
                "The loss of the untrained student is not a finite number.", "the first batch",
                remedy: "look at the samples (large numbers? student.preprocessing: fit) and at the teacher's class scores");
        var best = curve.MinBy(point => point.Loss).Rate;
        double[] rates = [.. options.Optimizer.Margins.Select(margin => Round(Math.Clamp(best / margin, lowest * 3, highest / 3))).Distinct()];
        return new(rates.Length == 1 ? rates[0] : rates.MinBy(LossAfter), done, best);

        double LossAfter(double peak)
        {
            var losses = Run(TrialSteps, step => peak * (TrialSteps - step) / TrialSteps);
            return losses.Count == TrialSteps ? losses[^1].Loss : double.PositiveInfinity;
        }

        IReadOnlyList<(double Rate, double Loss)> Run(int steps, Func<int, double> rateAt)
        {
            using var setup = TrainingSetup.Open(learners, data, options);
            var curve = new List<(double Rate, double Loss)>();
            var (smoothed, weight) = (0.0, 0.0);
            foreach (var batch in Enumerable.Range(0, int.MaxValue).SelectMany(epoch => setup.Batches.Epoch(epoch)).Take(steps))
            {
                token.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var losses = TrainingStep.Run(setup.Team, batch, options.Seed, curve.Count, epoch: 0, rateAt(curve.Count));
                var loss = losses.Sum(parts => (double)parts[0].item<float>());
                if (!double.IsFinite(loss))
                    break;
                (smoothed, weight) = (smoothed * Smoothing + loss * (1 - Smoothing), weight * Smoothing + 1 - Smoothing);
                curve.Add((rateAt(curve.Count), smoothed / weight));
                progress?.Report(new("find rate", ++done, Steps + trials * TrialSteps, "steps"));
                var least = curve.Min(point => point.Loss);
                if (curve[^1].Loss - least > Risen * Math.Abs(least) && curve[^1].Loss > curve[0].Loss)
                    break;
            }
            return curve;
        }
    }

    /// <summary>Settings without what a training of a few steps does not see: how long it is to be, its schedule, and which weights are kept.</summary>
    /// <param name="options">The settings of a training.</param>
    internal static TrainingOptions Relevant(TrainingOptions options) => options with
    {
        Epochs = int.MaxValue, Optimizer = options.Optimizer with { LearningRate = null }, Schedule = new ConstantSchedule(), AverageDecay = null,
        EarlyStop = null, Keep = "last", Milestones = null,
    };

    /// <summary>Down to 1, 2, 3 or 5 times a power of ten: what rounding in another order changes does not show.</summary>
    private static double Round(double rate)
    {
        var power = Math.Floor(Math.Log10(rate));
        var lead = rate / Math.Pow(10, power);
        var digit = lead >= 5 ? 5 : lead >= 3 ? 3 : lead >= 2 ? 2 : 1;
        return double.Parse(FormattableString.Invariant($"{digit}e{power}"), System.Globalization.CultureInfo.InvariantCulture);
    }
}
