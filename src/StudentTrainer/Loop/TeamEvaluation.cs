using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>The evaluation of every learner after each epoch; of none where there is no validation set.</summary>
internal sealed class TeamEvaluation : IDisposable
{
    private readonly Dictionary<Learner, EpochEvaluation> evaluations = [];

    private TeamEvaluation()
    {
    }

    /// <summary>Whether all learners have gone on for too long without getting better.</summary>
    public bool IsOver => evaluations.Count > 0 && evaluations.Values.All(evaluation => evaluation.IsOver);

    /// <summary>Prepares.</summary>
    /// <inheritdoc cref="EpochEvaluation.Open"/>
    public static TeamEvaluation Open(Team team, TrainingData data, TrainingOptions options, Device device)
    {
        var made = new TeamEvaluation();
        foreach (var learner in team.Learners)
        {
            if (EpochEvaluation.Open(learner, data, options, device) is { } evaluation)
                made.evaluations.Add(learner, evaluation);
        }

        return made;
    }

    /// <summary>Measures a learner.</summary>
    /// <returns>The figures of each of its outputs; none: there is nothing to measure it on.</returns>
    public IReadOnlyList<StudentFigures> Measure(Learner learner, CancellationToken token) =>
        evaluations.TryGetValue(learner, out var evaluation) ? evaluation.Measure(token) : [];

    /// <summary>The epoch, counted from 1, after which a learner was best so far; <c>null</c>: none is done.</summary>
    public int? BestEpoch(Learner learner) => learner.History.Count == 0 ? null : evaluations[learner].BestEpoch;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var evaluation in evaluations.Values)
            evaluation.Dispose();
    }
}
