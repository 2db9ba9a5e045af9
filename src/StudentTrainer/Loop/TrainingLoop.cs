using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Checkpoints;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Logs;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>The loop: batch, forward, loss, backward, update, for every learner; each epoch: evaluate, checkpoint.</summary>
internal sealed class TrainingLoop(
    Team team, TrainingBatches batches, TrainingOptions options, TrainingState state, TeamEvaluation evaluation,
    CollapseWatch watch, IReadOnlyList<IEpochListener> listeners, IProgress<StageProgress>? progress)
{
    private readonly LearningRateSchedule schedule = new(options.Optimizer.LearningRate!.Value, options.Schedule, options.Epochs, batches.Count);

    /// <summary>Trains from where the state is.</summary>
    /// <param name="epochs">Until so many epochs are done.</param>
    /// <param name="token">Stops the training.</param>
    /// <exception cref="OperationCanceledException">The user stopped it; a checkpoint was saved.</exception>
    public void Run(int epochs, CancellationToken token)
    {
        try
        {
            while (state.Epoch < epochs && !evaluation.IsOver)
            {
                foreach (var batch in batches.Epoch(state.Epoch, state.Step))
                {
                    token.ThrowIfCancellationRequested();
                    TrainStep(batch);
                }

                CompleteEpoch(token);
                Report();
            }

            state.Finish();
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            state.RequireFinite();
            state.SaveLast();
            throw;
        }
    }

    /// <summary>One step: all learners see the batch, then each computes its loss, and learns from it.</summary>
    internal void TrainStep(PreparedBatch prepared)
    {
        using var scope = NewDisposeScope();
        using var part = Profile.Start("batch");
        var step = (long)state.Epoch * batches.Count + state.Step;
        var losses = TrainingStep.Run(team, prepared, options.Seed, step, (double)step / batches.Count, schedule.At(step), part);
        part?.Next("log");
        if (state.Advance(prepared.Rows, losses))
            Report();
    }

    private void CompleteEpoch(CancellationToken token)
    {
        using var part = Profile.Start("evaluate");
        state.RequireFinite();
        var learningRate = schedule.At((state.Epoch + 1L) * batches.Count - 1);
        // All or none: whoever stops the measuring finds every learner's history as long as the others'.
        var figuresOf = team.Learners.Select(learner => evaluation.Measure(learner, token)).ToList();
        foreach (var (learner, measured) in team.Learners.Zip(figuresOf))
        {
            var figures = measured.FirstOrDefault();
            learner.History.Add(new(
                state.Epoch + 1, learningRate, learner.Losses.Loss, learner.Losses.Terms, figures.Errors, figures.Nll, figures.Agreement)
            {
                Kl = figures.Kl,
                Mse = figures.Mse,
                RSquared = figures.RSquared,
                Cosine = figures.Cosine,
                Outputs = measured.Count < 2 ? null : learner.Outputs.Zip(measured).Skip(1).ToDictionary(
                    output => output.First.Signal, output => new OutputEvent(output.Second.Agreement, output.Second.Mse, output.Second.RSquared, output.Second.Cosine)),
                Learner = team.Learners.Count > 1 ? learner.Name : null,
                Constant = watch.Look(learner),
            });
            watch.Require(learner);
        }

        part?.Next("checkpoint");
        state.CompleteEpoch();
        state.SaveBest();
        if (options.Milestones?.Contains(state.Epoch) == true)
            state.SaveMilestone();
        state.SaveEpoch();
        foreach (var listener in listeners)
            listener.Complete(team);
    }

    private void Report()
    {
        if (progress is null)
            return;
        var details = team.Learners.Select(learner =>
        {
            var last = learner.History.LastOrDefault();
            var loss = learner.Losses.Samples > 0 ? learner.Losses.Loss : last?.Loss;
            return (team.Learners.Count > 1 ? $"{learner.Name}: " : "") + string.Join(", ", [$"loss {loss:F4}", .. last?.Describe() ?? []]);
        });
        progress.Report(new(
            "train", state.Epoch + (double)state.Step / batches.Count, options.Epochs, "epochs", string.Join("; ", details)));
    }
}
