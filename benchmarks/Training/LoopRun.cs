using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.Training;

/// <summary>The product's training loop over one student, for benchmarks that make its steps themselves.</summary>
internal sealed class LoopRun : IDisposable
{
    private readonly Team team;
    private readonly TeamEvaluation nothing;
    private readonly CollapseWatch watch;

    public LoopRun(
        OnnxModel student, IReadOnlyList<Term> objective, TrainingData data, IReadOnlyList<CacheStream> streams, TrainingOptions options,
        Device device, string folder)
    {
        team = Team.Assemble([new(LearnerOptions.Only, student, StudentImport.Default, objective)], data, streams, options, device);
        team.Start([Learner.Weights.Parameters.Select(parameter => parameter.Weight.Name).ToHashSet()]);
        nothing = TeamEvaluation.Open(team, data with { Validation = null }, options, device);
        Batches = TrainingBatches.Open(data, data.Cache is null ? [] : team.Streams, labelPositions: null, options, device);
        watch = CollapseWatch.Open(data, options, device);
        Loop = new(team, Batches, options, new(team, folder, identity: "", bestEpoch: _ => null), nothing, watch, listeners: [], progress: null);
    }

    public Learner Learner => team.Learners[0];

    public TrainingBatches Batches { get; }

    public TrainingLoop Loop { get; }

    /// <summary>The loss of the steps since the last call.</summary>
    public double TakeLoss()
    {
        Learner.Losses.Flush();
        var loss = Learner.Losses.Loss;
        Learner.Losses.Restart();
        return loss;
    }

    public void Dispose()
    {
        Batches.Dispose();
        nothing.Dispose();
        watch.Dispose();
        team.Dispose();
    }
}
