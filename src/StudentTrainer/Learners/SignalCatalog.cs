using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
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
}

/// <summary>What can be read of a learner.</summary>
/// <param name="Logits">The tensor that holds its output: class scores, or what else it gives.</param>
/// <param name="Shapes">The shape of each tensor for one sample; of the logits with the classes last.</param>
/// <param name="Kind">What its output holds; <c>null</c>: what its terms take it for.</param>
internal sealed record LearnerTensors(string Logits, IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes, OutputKind? Kind = null);

/// <summary>All signals that there are, and what terms mean by their names.</summary>
/// <param name="streams">The streams of the cache; empty where there is none.</param>
/// <param name="learners">The learners, by name.</param>
internal sealed class SignalCatalog(IReadOnlyList<CacheStream> streams, IReadOnlyDictionary<string, LearnerTensors> learners)
{
    private readonly IReadOnlyDictionary<string, StreamForm> forms =
        streams.ToDictionary(stream => stream.Name, StreamForm.Of, StringComparer.Ordinal);

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
        return (form.Kind & use.Kind) != 0 ? name : throw OtherKind(term, $"{use.Key}: {name}", form.Kind, use);

        InputException Unknown(string what, string found, string? wrong) => new(
            what, $"objective, term '{term}'", found, ListStreams(),
            wrong is not null && Suggestions.Nearest(wrong, Paths()) is { } nearest ? $"did you mean '{nearest}'?"
            : ofKind.Count == 0 && forms.Count > 0 && use.IsOutput ? Fitting(forms.Values.Aggregate(default(SignalKind), (all, form) => all | form.Kind))
            : use.Kind.HasFlag(SignalKind.Features) ? "capture it: list the tensor under the teacher's 'features'"
            : forms.Count + learners.Count > 1 ? $"name one: '{use.Key}: NAME'" : "name a teacher, or train with 'hard' alone");
    }

    private SignalSource FindTensor(SignalUse use, SignalPath path, string term)
    {
        var tensors = learners[path.Learner!];
        var name = path.Name is null or SignalPath.Logits ? tensors.Logits : path.Name;
        if (use.IsOutput && name == tensors.Logits && tensors.Kind?.Signal() is { } held && (held & use.Kind) == 0)
            throw OtherKind(term, $"the output of {path.Learner}", held, use);
        if (use.IsOutput && name != tensors.Logits && !HoldsScores(tensors, name))
            throw new InputException(
                "A term reads what the student gives, and a tensor has another shape than the student's.",
                $"objective, term '{term}', {use.Key}: {path.Name}", $"[{string.Join(", ", tensors.Shapes[name])}] for one sample",
                $"[{string.Join(", ", tensors.Shapes[tensors.Logits])}]", "name a tensor with a score for each class, such as an exit");
        return new(use, Learner: path.Learner, Tensor: name);
    }

    private static InputException OtherKind(string term, string found, SignalKind held, SignalUse use) => new(
        "A term reads a signal of another kind.", $"objective, term '{term}'", $"{found}, which holds {held.Words()}", use.Kind.Words(), Fitting(held));

    private static string Fitting(SignalKind held)
    {
        var terms = TermTable.Reading(held);
        return terms.Count > 0 ? $"use a term that reads {held.Words()}: {string.Join(", ", terms)}" : "name another signal";
    }

    private static bool HoldsScores(LearnerTensors tensors, string name) =>
        tensors.Shapes[name].SequenceEqual(tensors.Shapes[tensors.Logits]);

    private IEnumerable<string> Paths() => forms.Keys.Concat(learners.Keys.Select(name => $"{name}/{SignalPath.Logits}"));

    private string ListStreams()
    {
        var streams = forms.Values.Select(form => $"{form.Stream.Name} ({form.Kind.Words()})");
        return $"one of {string.Join(", ", streams.Concat(learners.Keys.Select(name => $"{name}/{SignalPath.Logits}")))}";
    }
}
