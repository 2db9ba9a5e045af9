using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>The signals of a batch that a term is computed from.</summary>
/// <param name="own">Tensors of the learner, by key: scores as positions × classes, features as [N, ...].</param>
/// <param name="targets">What is learned from, by key.</param>
/// <param name="labels">The set's labels, where the term reads them.</param>
/// <param name="epoch">The time in epochs.</param>
internal sealed class TermSignals(
    IReadOnlyDictionary<string, Tensor> own, IReadOnlyDictionary<string, StreamSignal> targets, LabelTargets? labels, double epoch)
{
    /// <summary>The student's class scores (positions × classes) or features ([N, ...]); gradients flow into them.</summary>
    public Tensor Student => own[SignalUse.StudentKey];

    /// <summary>The class scores that are learned from.</summary>
    public TargetScores Teacher => (TargetScores)targets[SignalUse.TeacherKey];

    /// <summary>The features ([N, ...]), values or embeddings (positions × columns) that are learned from.</summary>
    public TargetTensor TeacherTensor => (TargetTensor)targets[SignalUse.TeacherKey];

    /// <summary>The class of each position.</summary>
    public LabelTargets Labels => labels!;

    /// <summary>The time in epochs, which schedules follow.</summary>
    public double Epoch => epoch;

    /// <summary>The axis of the channels of features, the batch being 0; of what is learned from the same.</summary>
    public int ChannelAxis { get; init; } = 1;

    /// <summary>Which positions of the batch count; <c>null</c>: all.</summary>
    public CountedRows? Counted { get; init; }

    /// <summary>Which positions of the rows count that were drawn beside the batch; <c>null</c>: all.</summary>
    public CountedRows? CountedDrawn { get; init; }

    /// <summary>
    /// Which positions of features count, as truth values to be multiplied with them: [N, T, 1] or [N, 1, T] of those with one axis of positions. <c>null</c>: all, as
    /// of vectors and of maps of pixels.
    /// </summary>
    /// <param name="features">[N, ...].</param>
    /// <param name="counted">Which positions of their samples count; <c>null</c>: all.</param>
    public Tensor? Mask(Tensor features, CountedRows? counted) =>
        features.ndim == 3 ? counted?.Mask(features.shape[3 - ChannelAxis])?.unsqueeze(ChannelAxis) : null;

    /// <summary>Features of the batch with 0 at the positions that do not count.</summary>
    /// <param name="features">[N, ...].</param>
    public Tensor WithoutPadding(Tensor features) => Mask(features, Counted) is { } mask ? features.mul(mask.to(features.dtype)) : features;

    /// <summary>Another signal that is learned from.</summary>
    public StreamSignal Target(string key) => targets[key];
}
