using OnnxKd.Core.Progress;
using OnnxKd.Core.Randomness;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Learners;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>One step: all learners see the batch, then each computes its loss, and learns from it.</summary>
internal static class TrainingStep
{
    /// <summary>Runs it, in the caller's dispose scope.</summary>
    /// <param name="team">The learners, started.</param>
    /// <param name="prepared">The batch.</param>
    /// <param name="seed">The training's.</param>
    /// <param name="step">Counted from 0.</param>
    /// <param name="epoch">The time in epochs.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="part">What is measured, if anything is.</param>
    /// <returns>For each learner the loss, then each term.</returns>
    public static List<Tensor> Run(Team team, PreparedBatch prepared, ulong seed, long step, double epoch, double learningRate, Profile.Span? part = null)
    {
        ReseedDropout(seed, step);
        var batch = prepared.ToDevice();
        part?.Next("forward");
        var signals = team.Signals(batch, learner => learner.Forward(learner.Weights, batch.Samples, training: true));
        part?.Next("loss");
        var losses = team.Learners.Select(learner => learner.Objective.Compute(signals, epoch)).ToList();
        part?.Next("backward");
        losses.ForEach(loss => BackwardPass.Run(loss.Loss));
        part?.Next("optimizer");
        using (no_grad())
        {
            foreach (var learner in team.Learners)
                learner.Update(learningRate, step + 1);
        }

        return losses.ConvertAll(loss => loss.Parts);
    }

    /// <summary>libtorch draws dropout masks from its own generator: a seed per step makes them the same in a resumed training.</summary>
    private static void ReseedDropout(ulong trainingSeed, long step)
    {
        var seed = new CounterRandom(trainingSeed, RandomPurpose.Dropout, (ulong)step).NextUInt64();
        using var _ = manual_seed((long)seed);
    }
}
