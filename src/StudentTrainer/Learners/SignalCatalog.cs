using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>Where a signal comes from: a stream of the cache, a tensor of a learner, or the set's labels where both are <c>null</c>.</summary>
/// <param name="Use">What the term reads.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Learner">The learner.</param>
/// <param name="Tensor">The learner's tensor.</param>
internal sealed record SignalSource(SignalUse Use, string? Stream = null, string? Learner = null, string? Tensor = null)
{
    /// <summary>The classes that the stream is about, where these are not all; the student's scores are compared on them.</summary>
    public ClassSubset? Subset { get; init; }

    /// <summary>The axis of the channels of features, the batch being 0.</summary>
    public int ChannelAxis { get; init; } = 1;

    /// <summary>Of another learner's output: the stream that has the units of its values; <c>null</c>: none is known.</summary>
    public OutputForm? Like { get; init; }
}

/// <summary>An output of a learner.</summary>
/// <param name="Signal">What terms call it.</param>
/// <param name="Tensor">The tensor that holds it: class scores, or what else it gives.</param>
/// <param name="Kind">What it holds; <c>null</c>: what its terms take it for.</param>
internal sealed record LearnerOutput(string Signal, string Tensor, OutputKind? Kind = null);

/// <summary>What can be read of a learner.</summary>
/// <param name="Outputs">Its outputs; the first is meant where a term names none.</param>
/// <param name="Shapes">The shape of each tensor for one sample; of outputs with the classes last.</param>
internal sealed record LearnerTensors(IReadOnlyList<LearnerOutput> Outputs, IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes)
{
    /// <summary>The axis of the channels of inner tensors, the batch being 0.</summary>
    public IReadOnlyDictionary<string, int> ChannelAxes { get; init; } = new Dictionary<string, int>();

    /// <summary>The axis of a tensor's channels, the batch being 0. Outputs have them last.</summary>
    public int ChannelAxis(string tensor) => ChannelAxes.TryGetValue(tensor, out var axis) ? axis : Shapes[tensor].Count;

    /// <summary>The output that a term means; <c>null</c>: it means an inner tensor.</summary>
    /// <param name="name">What it says; <c>null</c>: nothing.</param>
    public LearnerOutput? Find(string? name) => name is null ? Outputs[0] : Outputs.FirstOrDefault(output => output.Signal == name);
}

/// <summary>All signals that there are, and what terms mean by their names.</summary>
/// <param name="streams">The streams of the cache; empty where there is none.</param>
/// <param name="learners">The learners, by name.</param>
internal sealed class SignalCatalog(IReadOnlyList<CacheStream> streams, IReadOnlyDictionary<string, LearnerTensors> learners)
{
    private readonly IReadOnlyDictionary<string, StreamForm> forms =
        streams.ToDictionary(stream => stream.Name, StreamForm.Of, StringComparer.Ordinal);

    /// <summary>
    /// Finds all that a term reads. Where it names one side alone, a stream or an output of the learner, and the other side has one of that name,
    /// it means both.
    /// </summary>
    /// <param name="uses">What the term reads.</param>
    /// <param name="learner">The learner whose term it is.</param>
    /// <param name="term">The term's name, for messages.</param>
    /// <exception cref="InputException">As <see cref="Find(SignalUse, string, string)"/>; or what two learners give differs in shape.</exception>
    public SignalSource[] Find(IReadOnlyList<SignalUse> uses, string learner, string term)
    {
        SignalSource[] found = [.. Meant(uses, learner).Select(use => Find(use, learner, term))];
        if (Array.Find(found, source => source.Use is { IsOutput: true, IsTarget: false }) is { } own)
            foreach (var other in found.Where(source => source is { Learner: not null, Use: { IsOutput: true, IsTarget: true } } && !Shape(source).SequenceEqual(Shape(own))))
                throw new InputException(
                    "A term compares what two learners give, and their shapes differ.", $"objective, term '{term}', {other.Use.Key}: {other.Use.Path}",
                    $"{Shapes.Format(Shape(other))} for one sample", $"{Shapes.Format(Shape(own))}, as {learner} gives", "name a tensor of that shape, or leave the term out");
        return found;
    }

    /// <summary>Finds the streams of the cache among what a term reads.</summary>
    /// <inheritdoc cref="Find(IReadOnlyList{SignalUse}, string, string)"/>
    public SignalSource[] FindStreams(IReadOnlyList<SignalUse> uses, string learner, string term) =>
    [
        .. Meant(uses, learner).Where(use => use.IsTarget && use.Kind != SignalKind.Labels && SignalPath.Of(use, learner, [.. learners.Keys]).Learner is null)
            .Select(use => Find(use, learner, term)),
    ];

    private IEnumerable<SignalUse> Meant(IReadOnlyList<SignalUse> uses, string learner)
    {
        var named = uses.FirstOrDefault(use => use is { IsOutput: true, Path: not null })?.Path;
        return uses.Select(use => IsMeant(use) ? use with { Path = named } : use);

        bool IsMeant(SignalUse use) => named is not null && use is { IsOutput: true, Path: null }
            && (use.IsTarget ? forms.ContainsKey(named) : learners[learner].Find(named) is not null);
    }

    /// <summary>Finds what a term means.</summary>
    /// <param name="use">What the term reads.</param>
    /// <param name="learner">The learner whose term it is.</param>
    /// <param name="term">The term's name, for messages.</param>
    /// <exception cref="InputException">There is no such signal, it is not clear which one is meant, or it holds something else.</exception>
    public SignalSource Find(SignalUse use, string learner, string term)
    {
        if (use.Kind == SignalKind.Labels)
            return new(use);
        var path = SignalPath.Of(use, learner, [.. learners.Keys]);
        if (use.Drawn > 0 && path.Learner is not null)
            throw new InputException(
                "Only a cache has other rows than those of the batch.", $"objective, term '{term}'", $"{use.Key}: {use.Path}", "a stream of the cache",
                $"set '{use.Key}: 0', or learn from a stream of the cache");
        return path.Learner is null ? OfStream(use, FindStream(use, path.Name, term)) : FindTensor(use, path, term);
    }

    /// <summary>The form of a stream.</summary>
    public StreamForm Form(string stream) => forms[stream];

    /// <summary>The shape of a signal for one sample.</summary>
    public IReadOnlyList<long> Shape(SignalSource source) => source.Stream is not null
        ? [.. forms[source.Stream].Stream.Shape.Select(size => (long)size)]
        : learners[source.Learner!].Shapes[source.Tensor!];

    private SignalSource OfStream(SignalUse use, string stream) => new(use, Stream: stream) { Subset = forms[stream].Stream.Subset };

    private string FindStream(SignalUse use, string? name, string term)
    {
        var ofKind = forms.Values.Where(form => (form.Kind & use.Kind) != 0).Select(form => form.Stream.Name).ToList();
        if (name is null)
            return ofKind.Count == 1 ? ofKind[0] : throw Unknown(
                ofKind.Count == 0 ? $"There are no {use.Kind.Words()} that a term could learn from." : "It is not clear what a term learns from.",
                $"the key '{use.Key}' is not given", null);
        if (!forms.TryGetValue(name, out var form))
            throw Unknown("A term learns from something that is not there.", $"{use.Key}: {name}", name);
        return (form.Kind & use.Kind) != 0 ? name : throw OtherKind(
            term, $"{use.Key}: {name}", form.Kind, use,
            use.Kind.HasFlag(SignalKind.Features) ? $"capture its tensor as features too (the teacher's 'features: {{ NAME: tensor }}') and name that stream; or {Fitting(form.Kind)}" : null);

        InputException Unknown(string what, string found, string? wrong) => new(
            what, $"objective, term '{term}'", found, ListStreams(),
            wrong is not null && Suggestions.Nearest(wrong, Paths()) is { } nearest ? $"did you mean '{nearest}'?"
            : ofKind.Count == 0 && forms.Count > 0 && use.IsOutput ? Fitting(forms.Values.Aggregate(default(SignalKind), (all, form) => all | form.Kind))
            : use.Kind.HasFlag(SignalKind.Features) ? "capture it: list the tensor under the teacher's 'features'"
            : use.IsOutput && ofKind.Count > 1 && learners.Count == 1 && ofKind.Except(learners.Values.Single().Outputs.Select(output => output.Signal)).ToArray() is { Length: > 0 } others
                ? $"add 'outputs: [{string.Join(", ", others)}]' under student, which then learns each; or name one: '{use.Key}: {ofKind[0]}'"
            : forms.Count + learners.Count > 1 ? $"name one: '{use.Key}: NAME'" : "name a teacher, or train with 'hard' alone");
    }

    private SignalSource FindTensor(SignalUse use, SignalPath path, string term)
    {
        var tensors = learners[path.Learner!];
        var output = tensors.Find(path.Name);
        var name = output?.Tensor ?? path.Name!;
        if (use.IsOutput && output?.Kind?.Signal() is { } held && (held & use.Kind) == 0)
            throw OtherKind(
                term, output == tensors.Outputs[0] ? $"the output of {path.Learner}" : $"the output '{output.Signal}' of {path.Learner}", held, use,
                use.Path is null && Unlearned(use, tensors) is { Length: > 0 } others ? $"add 'outputs: [{string.Join(", ", others)}]' under student, which then learns {(others.Length == 1 ? "it" : "each")}" : null);
        if (use.IsOutput && output is null && !HoldsScores(tensors, name))
            throw new InputException(
                "A term reads what the student gives, and a tensor has another shape than the student's.",
                $"objective, term '{term}', {use.Key}: {path.Name}", $"[{string.Join(", ", tensors.Shapes[name])}] for one sample",
                $"[{string.Join(", ", tensors.Shapes[tensors.Outputs[0].Tensor])}]", "name a tensor with a score for each class, such as an exit");
        return new(use, Learner: path.Learner, Tensor: name)
        {
            ChannelAxis = tensors.ChannelAxis(name), Like = output is null ? null : forms.GetValueOrDefault(output.Signal) as OutputForm,
        };
    }

    /// <summary>Outputs of the teacher that a term could learn from, and that a student has no output for.</summary>
    private string[] Unlearned(SignalUse use, LearnerTensors tensors) =>
        [.. forms.Values.Where(form => (form.Kind & use.Kind) != 0 && form.Stream.Kind.Output() is not null).Select(form => form.Stream.Name).Except(tensors.Outputs.Select(output => output.Signal))];

    private static InputException OtherKind(string term, string found, SignalKind held, SignalUse use, string? remedy = null) => new(
        "A term reads a signal of another kind.", $"objective, term '{term}'", $"{found}, which holds {held.Words()}", use.Kind.Words(), remedy ?? Fitting(held));

    private static string Fitting(SignalKind held)
    {
        var terms = TermTable.Reading(held);
        return terms.Count > 0 ? $"use a term that reads {held.Words()}: {string.Join(", ", terms)}" : "name another signal";
    }

    private static bool HoldsScores(LearnerTensors tensors, string name) =>
        tensors.Shapes[name].SequenceEqual(tensors.Shapes[tensors.Outputs[0].Tensor]);

    private IEnumerable<string> Paths() => forms.Keys.Concat(learners.Keys.Select(name => $"{name}/{SignalPath.Logits}"));

    private string ListStreams()
    {
        var streams = forms.Values.Select(form => $"{form.Stream.Name} ({form.Kind.Words()})");
        return $"one of {string.Join(", ", streams.Concat(learners.Keys.Select(name => $"{name}/{SignalPath.Logits}")))}";
    }
}
