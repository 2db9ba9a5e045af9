using System.Text.Json.Nodes;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// One term of an objective: a record whose properties are its settings, what signals it reads, and its formula. Adding one is a file here
/// and a line of <see cref="TermTable"/>.
/// </summary>
public abstract record Term
{
    /// <summary>Every term, by its name in recipes.</summary>
    public static KindTable Kinds => TermTable.Kinds;

    /// <summary>The weight, constant or following a schedule in epochs; default 1.</summary>
    [Setting("factor of the term", AtLeast = 0)]
    public EpochSchedule Weight { get; init; } = 1;

    /// <summary>Its name in recipes.</summary>
    public virtual string Name => Kinds.NameOf(GetType());

    /// <summary>Whether it learns from what a teacher said, so that a cache is needed.</summary>
    public bool LearnsFromTeachers(string learner, IReadOnlyCollection<string> learners) => Reads.Any(use =>
        use is { IsTarget: true, Kind: not SignalKind.Labels } && SignalPath.Of(use, learner, learners).Learner is null);

    /// <summary>The outputs of teachers that it names: streams of the cache.</summary>
    public IEnumerable<string> TeachersOutputs(string learner, IReadOnlyCollection<string> learners) =>
        Named(learner, learners).Where(use => use.IsOutput).Select(use => use.Path!);

    /// <summary>All streams of the cache that it names, with the key of each.</summary>
    public IEnumerable<(string Key, string Stream)> Streams(string learner, IReadOnlyCollection<string> learners) =>
        Named(learner, learners).Select(use => (use.Key, use.Path!));

    private IEnumerable<SignalUse> Named(string learner, IReadOnlyCollection<string> learners) => Reads
        .Where(use => use is { IsTarget: true, Kind: not SignalKind.Labels, Path: not null } && SignalPath.Of(use, learner, learners).Learner is null);

    /// <summary>Whether it learns from the set's labels.</summary>
    public bool LearnsFromLabels => Reads.Any(use => use.Kind == SignalKind.Labels);

    /// <summary>Whether it needs the one class of each position, which views that are mixed from two samples do not have.</summary>
    internal virtual bool NeedsOneLabel => false;

    /// <summary>The signals that it reads.</summary>
    internal abstract IReadOnlyList<SignalUse> Reads { get; }

    /// <summary>Refuses signals that it cannot be computed from; called once, before training.</summary>
    /// <param name="shapes">The signals.</param>
    /// <exception cref="Core.Errors.InputException">Says why.</exception>
    internal virtual void Require(TermShapes shapes)
    {
    }

    /// <summary>What a checkpoint knows it by.</summary>
    internal virtual JsonObject Identity => SettingJson.Write(this);

    /// <summary>The fewest samples of a batch from which anything is learned.</summary>
    internal virtual int LeastSamples => 1;

    /// <summary>Which of the student's features are brought to the shape of which target's by a layer of their own, if these differ.</summary>
    internal virtual ProjectionRequest? Projection => null;

    /// <summary>The value: a scalar, a mean over the batch's positions, or samples, that gradients flow through.</summary>
    /// <param name="signals">One for each of <see cref="Reads"/>.</param>
    internal abstract Tensor Compute(TermSignals signals);
}

/// <summary>Asks for a layer between features of the student and a term.</summary>
/// <param name="From">The key of the student's features.</param>
/// <param name="To">The key of the target whose shape they get.</param>
/// <param name="Form"><c>auto</c>, <c>linear</c>, <c>mlp</c>; <c>none</c>: shapes must be equal.</param>
internal sealed record ProjectionRequest(string From, string To, string Form);
