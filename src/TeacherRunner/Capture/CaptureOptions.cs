using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>One teacher to capture.</summary>
public sealed record TeacherOptions
{
    /// <summary>The path of the ONNX model.</summary>
    public required string Model { get; init; }

    /// <summary>The tensor that holds the logits (an output, or any tensor inside the graph); default: found by tracing the output.</summary>
    public string? Output { get; init; }

    /// <summary>The teacher's share of an ensemble, before the shares are normalised to sum to 1; default 1.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>What is done to stored samples before this teacher sees them.</summary>
    public Preprocessing Preprocessing { get; init; } = Preprocessing.None;
}

/// <summary>What to capture, and how.</summary>
public sealed record CaptureOptions
{
    /// <summary>The teachers; one, or an ensemble.</summary>
    public required IReadOnlyList<TeacherOptions> Teachers { get; init; }

    /// <summary>How several teachers are combined; ignored for one.</summary>
    public Combination Combination { get; init; } = Combination.MeanOfProbabilities;

    /// <summary><c>auto</c> (CUDA, else CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. Default <c>auto</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Samples per batch; rounded up to whole runs of a teacher whose batch is fixed. Default 256.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Random views per sample; default 1.</summary>
    public int Views { get; init; } = 1;

    /// <summary>What makes the views differ; default none.</summary>
    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>The seed of the views.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads of ONNX Runtime; default: the processors.</summary>
    public int? Threads { get; init; }
}

/// <summary>What a capture did.</summary>
/// <param name="Rows">Rows in the finished cache.</param>
/// <param name="Captured">Rows that this run captured; the others were there already.</param>
/// <param name="Classes">Values per row.</param>
/// <param name="Provider">Where the teachers ran: <c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Seconds">Wall time of this run's capture.</param>
/// <param name="ProviderNote">Why the device <c>auto</c> did not choose CUDA; <c>null</c> when it did, or when a device was named.</param>
public sealed record CaptureResult(long Rows, long Captured, int Classes, string Provider, double Seconds, string? ProviderNote = null);
