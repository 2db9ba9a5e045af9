using OnnxKd.Core.Settings;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Where a student's preprocessing is.</summary>
internal enum PreprocessingPlace
{
    /// <summary>In the model, which takes samples as they are stored.</summary>
    Inside,

    /// <summary>With whoever runs the model.</summary>
    Outside,
}

/// <summary>The key <c>export</c>: how trained models become files.</summary>
internal sealed record ExportOptions
{
    /// <summary>Where preprocessing is; <c>null</c>: the student's own is inside, the data's outside.</summary>
    [Setting("where a student's preprocessing is: in its file, or with whoever runs it; auto: the student's own inside, the data's outside", Null = "auto")]
    public PreprocessingPlace? Preprocessing { get; init; }

    /// <summary>Whether the model of a training has its preprocessing inside.</summary>
    /// <param name="step">The training.</param>
    /// <param name="data">The sets.</param>
    public bool IsInside(TrainStep step, DataOptions data) =>
        !step.PreprocessingOf(data).IsNone && (Preprocessing ?? (step.Learners[0].Student.Preprocessing is null ? PreprocessingPlace.Outside : PreprocessingPlace.Inside)) == PreprocessingPlace.Inside;
}
