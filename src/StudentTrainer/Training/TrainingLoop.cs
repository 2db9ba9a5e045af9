using OnnxKd.Core.Progress;
using OnnxKd.Core.Randomness;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>The loop: learning rate, batch, forward, loss, backward, clip, step, log; each epoch: evaluate, checkpoint.</summary>
internal sealed class TrainingLoop(
    StudentProgram program, Objective objective, TrainingBatches batches, TrainingOptions options, TrainingState state,
    EpochEvaluation? evaluation, IProgress<StageProgress>? progress)
{
    private readonly LearningRateSchedule schedule = new(options.Optimizer.LearningRate, options.Schedule, options.Epochs, batches.Count);

    /// <summary>Trains from where the state is to the end.</summary>
    /// <exception cref="OperationCanceledException">The user stopped it; a checkpoint was saved.</exception>
    public void Run(CancellationToken token)
    {
        try
        {
            while (state.Epoch < options.Epochs && evaluation?.IsOver(state.History) != true)
            {
                foreach (var batch in batches.Epoch(state.Epoch, state.Step))
                {
                    token.ThrowIfCancellationRequested();
                    TrainStep(batch);
                }
                using var part = Profile.Start("evaluate");
                state.RequireFinite();
                state.Complete(Measure(token));
                part?.Next("checkpoint");
                if (evaluation?.IsBest(state.History) == true)
                    state.SaveBest();
                state.SaveEpoch();
                Report();
            }
            state.SaveLast();
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            state.RequireFinite();
            state.SaveLast();
            throw;
        }
    }

    /// <summary>One step.</summary>
    internal void TrainStep(PreparedBatch prepared)
    {
        using var scope = NewDisposeScope();
        using var part = Profile.Start("batch");
        var step = (long)state.Epoch * batches.Count + state.Step;
        var learningRate = schedule.At(step);
        ReseedDropout(step);

        var batch = prepared.ToDevice();
        part?.Next("forward");
        var logits = program.Logits(state.Weights, batch.Samples, training: true);
        part?.Next("loss");
        var (loss, parts) = objective.Compute(batch.Inputs(logits), (double)step / batches.Count);
        part?.Next("backward");
        loss.backward();

        part?.Next("optimizer");
        using (no_grad())
        {
            var gradients = state.TakeGradients();
            if (options.ClipNorm is { } clipNorm)
                WeightConstraints.ClipNorm(gradients, clipNorm);
            state.Optimizer.Step(gradients, learningRate, step + 1);
            if (options.MaxNorm is { } maxNorm)
                WeightConstraints.LimitUnitNorms(state.Weights.Parameters, maxNorm);
            state.Average?.Update(step + 1);
        }
        part?.Next("log");
        if (state.Advance(prepared.Rows, parts))
            Report();
    }

    /// <summary>libtorch draws dropout masks from its own generator: a seed per step makes them the same in a resumed training.</summary>
    private void ReseedDropout(long step)
    {
        var seed = new CounterRandom(options.Seed, RandomPurpose.Dropout, (ulong)step).NextUInt64();
        using var _ = manual_seed((long)seed);
    }

    private EpochEvent Measure(CancellationToken token)
    {
        var metrics = evaluation?.Measure(state.Evaluated, token);
        var lastStep = (state.Epoch + 1L) * batches.Count - 1;
        return new(
            state.Epoch + 1, schedule.At(lastStep), state.Losses.Loss, state.Losses.Terms,
            metrics?.Errors, metrics?.Nll, metrics?.Agreement);
    }

    private void Report()
    {
        if (progress is null)
            return;
        var last = state.History.LastOrDefault();
        var loss = state.Losses.Samples > 0 ? state.Losses.Loss : last?.Loss;
        var detail = $"loss {loss:F4}" + (last?.Errors is { } errors ? $", {errors} errors" : "");
        progress.Report(new("train", state.Epoch + (double)state.Step / batches.Count, options.Epochs, "epochs", detail));
    }
}
