using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>Looks after each epoch whether a student still tells samples apart and still learns, and stops a training that does not.</summary>
internal sealed class CollapseWatch : IDisposable
{
    private const int MostRows = 256;
    private const int MostValues = 1 << 22;

    // What differs by less than this share of the largest score differs by rounding.
    private const double Rounding = 1e-6;

    // A dead epoch may be an accident of its last batch, two in a row are none.
    private const int Patience = 2;
    private const int StillEpochs = 3;

    private static readonly string[] Products = ["Gemm", "MatMul", "Conv"];

    private readonly TrainingOptions options;
    private readonly Tensor samples;
    private long? areAllDead;

    private CollapseWatch(TrainingOptions options, Tensor samples) => (this.options, this.samples) = (options, samples);

    /// <summary>Reads rows from all over the transfer set.</summary>
    public static CollapseWatch Open(TrainingData data, TrainingOptions options, Device device)
    {
        var set = data.Transfer;
        var count = (int)Math.Min(set.Count, Math.Clamp(MostValues / set.SampleElements, 2, MostRows));
        long[] rows = [.. Enumerable.Range(0, count).Select(i => i * set.Count / count)];
        var values = new float[count * set.SampleElements];
        new SampleReader(set, data.Preprocessing, Augmentation.None, 0).Read(rows, view: 0, values);
        using var scope = NewDisposeScope();
        return new(options, tensor(values, [count, .. set.SampleShape.Select(size => (long)size)], device: device).DetachFromDisposeScope());
    }

    /// <summary>Looks at a learner after an epoch.</summary>
    /// <returns>Its outputs that give the same for every sample; <c>null</c>: none that learns.</returns>
    public IReadOnlyList<string>? Look(Learner learner)
    {
        if (!learner.LearnsScores || samples.shape[0] < 2)
            return null;
        var (constant, deadUnits, units) = Probe(learner);
        areAllDead = units > 0 && deadUnits == units ? units : null;
        var found = learner.Outputs.Zip(constant).Where(output => output.Second && learner.Learns(output.First)).Select(output => output.First.Signal).ToArray();
        return found.Length == 0 ? null : found;
    }

    /// <summary>Judges a learner by its history, the epoch that was looked at last included.</summary>
    /// <exception cref="CheckFailedException">It has collapsed, or does not learn.</exception>
    public void Require(Learner learner)
    {
        if (!learner.LearnsScores)
            return;
        RequireMovement(learner);
        foreach (var signal in learner.History[^1].Constant ?? [])
        {
            var epochs = Enumerable.Reverse(learner.History).TakeWhile(epoch => epoch.Constant?.Contains(signal) == true).Count();
            if (epochs >= Patience || learner.History.Count >= options.Epochs)
                throw new CheckFailedException(
                    $"The student has collapsed: {(learner.Outputs.Count == 1 ? "it" : $"its output '{signal}'")} gives the same for every sample.",
                    Where(learner),
                    // Of several outputs it is not known which units lie before which.
                    learner.Outputs.Count == 1 && areAllDead is { } dead
                        ? $"all {dead} units before the last layer are 0 on {samples.shape[0]} samples" : $"no difference between {samples.shape[0]} samples",
                    "an answer that depends on the sample",
                    $"lower the learning rate (now {options.Optimizer.LearningRate}; auto finds one), fit the student's inputs (student.preprocessing: fit), "
                        + "or add warm-up and clip-norm");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => samples.Dispose();

    private static void RequireMovement(Learner learner)
    {
        var losses = learner.History.ConvertAll(epoch => epoch.Loss);
        if (losses.Count != StillEpochs || Math.Abs(losses[0]) < 1e-6 || losses.Any(loss => Math.Abs(loss - losses[0]) > Rounding * Math.Abs(losses[0])))
            return;
        throw new CheckFailedException(
            "The student does not learn: its loss has not moved from its first value.",
            Where(learner),
            FormattableString.Invariant($"a loss of {losses[0]:g6} in each of {StillEpochs} epochs"),
            "a loss that falls",
            "raise the learning rate (auto finds one), look for dead units (a Relu whose inputs are all negative, weights of 0), or train longer");
    }

    private (bool[] Constant, long DeadUnits, long Units) Probe(Learner learner)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (dead, units) = (0L, 0L);
        var given = learner.Program.Run(learner.Evaluated, samples, training: false, (step, slots) =>
        {
            if (!Products.Contains(step.Operator.Name))
                return;
            using var inner = NewDisposeScope();
            var read = slots[step.Inputs[0]]!;
            if (read.ndim < 2 || !read.is_floating_point())
                return;
            // Of images a unit is a channel, else the last axis counts them.
            var perUnit = read.transpose(-1, read.ndim == 4 ? 1 : -1).reshape(-1, read.ndim == 4 ? read.shape[1] : read.shape[^1]);
            units = perUnit.shape[1];
            dead = perUnit.Ne(0).any(0).logical_not().sum().item<long>();
        });
        return ([.. learner.Outputs.Select((_, i) => IsConstant(given[i].to(float32)))], dead, units);
    }

    private static bool IsConstant(Tensor given)
    {
        var spread = (given.amax([0]) - given.amin([0])).max().item<float>();
        return spread <= Rounding * Math.Max(1e-3, given.abs().max().item<float>());
    }

    private static string Where(Learner learner) => $"{(learner.Name == LearnerOptions.Only ? "" : $"learner '{learner.Name}', ")}after epoch {learner.History.Count}";
}
