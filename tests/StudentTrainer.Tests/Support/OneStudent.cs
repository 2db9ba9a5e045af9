using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>Trainings of one student, and terms of one pair of class scores.</summary>
internal static class OneStudent
{
    public static TrainedStudent Train(
        OnnxModel student, StudentImport import, TrainingData data, IReadOnlyList<Term> objective, TrainingOptions options, string folder,
        IProgress<StageProgress>? progress = null, CancellationToken token = default) =>
        Trainer.Train([new(LearnerOptions.Only, student, import, objective)], data, options, folder, progress, token).Students[0];

    /// <summary>The value of a term.</summary>
    public static torch.Tensor Compute(this Term term, torch.Tensor student, TargetScores? teacher, LabelTargets? labels = null, double epoch = 0) => term.Compute(new(
        new Dictionary<string, torch.Tensor> { [SignalUse.StudentKey] = student },
        teacher is null ? new Dictionary<string, StreamSignal>() : new Dictionary<string, StreamSignal> { [SignalUse.TeacherKey] = teacher },
        labels, epoch));
}
