using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>Students that are checked and ready to learn, with their batches: where a training begins, and a range test.</summary>
internal sealed class TrainingSetup : IDisposable
{
    private TrainingSetup(Team team, TrainingBatches batches, Device device) => (Team, Batches, Device) = (team, batches, device);

    /// <summary>The students.</summary>
    public Team Team { get; }

    /// <summary>What they see.</summary>
    public TrainingBatches Batches { get; }

    /// <summary>Where they are.</summary>
    public Device Device { get; }

    /// <summary>Checks settings, data and students, compiles them, and opens what they read.</summary>
    /// <exception cref="Core.Errors.OnnxKdException">As <see cref="Trainer.Train"/>.</exception>
    public static TrainingSetup Open(IReadOnlyList<LearnerOptions> learners, TrainingData data, TrainingOptions options)
    {
        OptionChecks.Require(options, data);
        DataChecks.Require(learners, data, options);
        var device = ComputeDevice.Open(options.Device, options.Threads);
        if (options.Epochs > 1 && ComputeDevice.HasAllProcessors(device))
            data.Transfer.HoldIfSmall();

        var team = Team.Assemble(learners, data, data.Cache?.Streams ?? [], options, device);
        TrainingBatches? batches = null;
        try
        {
            var learned = Preflight.RequireTrainable(team, data, options, device);
            batches = team.OpenBatches(data, options, device);
            team.Calibrate(batches);
            TargetChecks.Require(team, data);
            team.Start(learned);
            return new(team, batches, device);
        }
        catch
        {
            batches?.Dispose();
            team.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Batches.Dispose();
        Team.Dispose();
    }
}
