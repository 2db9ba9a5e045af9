using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Threading;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Teachers;

/// <summary>What to capture, and how.</summary>
public sealed record CaptureOptions
{
    /// <summary>The teachers; one, or several.</summary>
    public required IReadOnlyList<TeacherOptions> Teachers { get; init; }

    /// <summary>How several teachers are combined; <see cref="Combination.Single"/> keeps them apart, each in a stream of its own.</summary>
    [Setting("how several teachers become one; `none`: a stream for each",
        Words = ["none", "mean-of-probabilities", "mean-of-logits", "by-confidence", "by-entropy"])]
    public Combination Combination { get; init; } = Combination.MeanOfProbabilities;

    /// <summary>The student's classes, which teachers with others refer to; default: those of the teachers.</summary>
    [Setting("the student's classes, for teachers that have others: their names in their order, or how many", Takes = ClassList.Form)]
    public ClassList? Classes { get; init; }

    /// <summary>How class scores lie on disk; default float32.</summary>
    [Setting("how class scores lie on disk")]
    public StreamStorage Storage { get; init; } = new Float32();

    /// <summary>How features lie on disk; default float32.</summary>
    [Setting("how features lie on disk")]
    public DenseStorage FeatureStorage { get; init; } = new Float32();

    /// <summary>Whether something is drawn for each sample, so that the seed matters.</summary>
    internal bool IsDrawn => !Augmentation.IsNone || Storage.IsDrawn;

    /// <summary><c>auto</c> (CUDA, else CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. Default <c>auto</c>.</summary>
    [Setting("`auto`, `cpu`, `cuda` or `cuda:N`")]
    public string Device { get; init; } = "auto";

    /// <summary>The arithmetic that the teachers run in; default float32, as their files say.</summary>
    [Setting("`fp16`: the teachers' weights and arithmetic become float16")]
    public Precision Precision { get; init; } = Precision.Fp32;

    /// <summary>Samples per batch; rounded up to whole runs of a teacher whose batch is fixed. <c>null</c>: found by trying. Default 256.</summary>
    [Setting("samples per batch; `auto`: found by trying", AtLeast = 1, Null = "auto")]
    public int? BatchSize { get; init; } = 256;

    /// <summary>Random views per sample; default 1.</summary>
    [Setting("random views per sample; the student learns from the same ones", AtLeast = 1)]
    public int Views { get; init; } = 1;

    /// <summary>What makes the views differ; default none.</summary>
    [Setting("what makes the views differ (docs/augmentation.md)", Takes = Augmentation.Form)]
    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>The seed of the views, and of a storage that draws.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads that read, run the teachers and encode, on the CPU; what is stored does not depend on it. Default: the processors.</summary>
    [Setting("by default the processors", AtLeast = 1, AtMost = Parts.MostThreads, IsOutsideKey = true)]
    public int? Threads { get; init; }

    /// <summary>As <see cref="SessionSettings.PicksInSession"/>; what is stored is the same up to the rounding of tails.</summary>
    internal bool? PicksInSession { get; init; }

    /// <summary>
    /// A labelled set that may tell what an output holds, if the samples to capture have no labels; <c>null</c>: none. The values do not depend
    /// on it.
    /// </summary>
    public TransferSet? Labelled { get; init; }

    /// <summary>Which share of the rows to capture; default all of them.</summary>
    public CachePart Part { get; init; } = CachePart.Whole;
}
