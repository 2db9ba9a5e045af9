using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Recorded;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>A tensor of a teacher, and the stream that it becomes.</summary>
/// <param name="Tensor">The tensor's name in the model: an output, or any tensor inside the graph.</param>
/// <param name="Stream">The stream's name; <c>null</c>: made from the tensor's.</param>
public sealed record TappedTensor(string Tensor, string? Stream = null)
{
    internal const string Form = "stream: tensor pairs, or a list of tensors";
}

/// <summary>One teacher to capture.</summary>
public sealed record TeacherOptions
{
    /// <summary>The path of the ONNX model; empty: its answers lie on disk, or a stage makes it.</summary>
    [Setting("ONNX model", IsFile = true, Null = "none")]
    public string Model { get; init; } = "";

    /// <summary>In place of a model, what one said of the transfer set.</summary>
    [Setting("in place of a model, what it said of the transfer set (docs/teachers.md)", Takes = SignalFiles.Form)]
    public SignalFiles Signals { get; init; } = SignalFiles.None;

    /// <summary>What it said of the validation set.</summary>
    [Setting("what it said of the validation set", Takes = SignalFiles.Form)]
    public SignalFiles ValidationSignals { get; init; } = SignalFiles.None;

    /// <summary>What it said of the test set.</summary>
    [Setting("what it said of the test set", Takes = SignalFiles.Form)]
    public SignalFiles TestSignals { get; init; } = SignalFiles.None;

    /// <summary>Whether scores behind no activation are probabilities, else logits; <c>null</c>: found.</summary>
    [Setting("whether scores behind no activation that could be found are probabilities, else logits; `auto`: found", Null = "auto")]
    public bool? Probabilities { get; init; }

    /// <summary>What its streams are called after, where several teachers are kept apart; default <c>teacher1</c>, <c>teacher2</c>, …</summary>
    [Setting("names its streams where teachers are kept apart; by default `teacher1`, `teacher2`, ...")]
    public string? Name { get; init; }

    /// <summary>What its output holds, and its further outputs where these do not tell; default: found.</summary>
    [Setting("what its output holds; `auto`: found, or refused where nothing tells (docs/teachers.md)", Null = "auto")]
    public OutputKind? Kind { get; init; }

    /// <summary>The tensor that is learned from (an output, or any tensor inside the graph); default: found by tracing the output.</summary>
    [Setting("tensor that is learned from; by default found (docs/teachers.md)")]
    public string? Output { get; init; }

    /// <summary>The logits' axis that counts the classes, with the batch as axis 0, or negative from the end; default: found.</summary>
    [Setting("axis of the classes, the batch being 0; by default found")]
    public int? ClassAxis { get; init; }

    /// <summary>
    /// For each of its classes the student's, by name or index, or <c>none</c>; several may be one, whose probabilities add up. Default: its
    /// classes are the student's. Further outputs stay as they are.
    /// </summary>
    [Setting("for each of its classes the student's: a name or an index of `capture`'s `classes`, or `none`; by default they are the same")]
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Further outputs, each a stream of its own.</summary>
    [Setting("further outputs, each a stream", Takes = TappedTensor.Form)]
    public IReadOnlyList<TappedTensor> Outputs { get; init; } = [];

    /// <summary>Other tensors, taken as they are, each a stream of its own.</summary>
    [Setting("other tensors, taken as they are, each a stream", Takes = TappedTensor.Form)]
    public IReadOnlyList<TappedTensor> Features { get; init; } = [];

    /// <summary>The teacher's share of an ensemble, before the shares are normalised to sum to 1; default 1.</summary>
    [Setting("share in an ensemble", Above = 0)]
    public double Weight { get; init; } = 1;

    /// <summary>The stream of its output, where several teachers are kept apart.</summary>
    /// <param name="index">Its place in the list, from 0.</param>
    public string StreamAt(int index) => Name ?? $"teacher{index + 1}";

    /// <summary>Which of the set's modalities it reads; default: the samples that the student reads.</summary>
    [Setting("which of the sets' `modalities` it reads; by default the samples that the student reads")]
    public string? Modality { get; init; }

    /// <summary>What is done to stored samples before this teacher sees them.</summary>
    [Setting("what is done to samples before this teacher sees them; by default the data's, with a modality nothing")]
    public Preprocessing Preprocessing { get; init; } = Preprocessing.None;

    /// <summary>Whether its answers lie on disk, so that no model runs.</summary>
    public bool IsRecorded => !Signals.AreNone;

    /// <summary>Its file's name, for people.</summary>
    public string File => IsRecorded ? Signals.Names : Path.GetFileName(Model);

    /// <summary>Where it is, for messages.</summary>
    public string Place => IsRecorded ? Signals.Files[0].Path : Model;

    /// <summary>The same for one of the sets: a model answers of any, a recorded teacher of what it was asked; <c>null</c>: it was not asked.</summary>
    public TeacherOptions? On(SetRole role)
    {
        if (!IsRecorded)
            return this;
        var signals = role switch { SetRole.Validation => ValidationSignals, SetRole.Test => TestSignals, _ => Signals };
        return signals.AreNone ? null : this with { Signals = signals, ValidationSignals = SignalFiles.None, TestSignals = SignalFiles.None };
    }
}

/// <summary>Which set a teacher is asked of.</summary>
public enum SetRole
{
    /// <summary>What students learn from.</summary>
    Transfer,

    /// <summary>What is evaluated each epoch.</summary>
    Validation,

    /// <summary>What the final figures are measured on.</summary>
    Test,
}

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
    [Setting("by default the processors", AtLeast = 1, IsOutsideKey = true)]
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

/// <summary>What a capture did.</summary>
/// <param name="Rows">Rows of the cache, or of the part of it.</param>
/// <param name="Captured">Rows that this run captured; the others were there already.</param>
/// <param name="Streams">What is stored for each row.</param>
/// <param name="BatchSize">Rows per batch.</param>
/// <param name="Provider">Where the teachers ran: <c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Seconds">Wall time of this run's capture.</param>
/// <param name="IsComplete">Whether the cache holds every row now, those of other parts too.</param>
/// <param name="ProviderNote">Why the device <c>auto</c> did not choose CUDA; <c>null</c> when it did, or when a device was named.</param>
public sealed record CaptureResult(
    long Rows, long Captured, IReadOnlyList<CacheStream> Streams, int BatchSize, string Provider, double Seconds, bool IsComplete,
    string? ProviderNote = null);
