using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>What a learner minimises, Σ weight(epoch) · term, with every signal found.</summary>
internal sealed class Objective
{
    private readonly IReadOnlyList<BoundTerm> terms;

    private Objective(IReadOnlyList<BoundTerm> terms) => this.terms = terms;

    /// <summary>The names of the terms, each once, in order.</summary>
    public IReadOnlyList<string> Names => [.. terms.Select(term => term.Name)];

    /// <summary>Where everything comes from that the terms read.</summary>
    public IEnumerable<SignalSource> Sources => terms.SelectMany(term => term.Sources);

    /// <summary>What the learner's outputs (and exits) are compared with: their tensors, each with a stream of a teacher's output.</summary>
    public IEnumerable<(string Tensor, string Stream)> Compared =>
        from term in terms
        from own in term.Sources
        where own is { Use: { IsTarget: false, IsOutput: true } }
        from taught in term.Sources
        where taught is { Stream: not null, Use.IsOutput: true }
        select (own.Tensor!, taught.Stream!);

    /// <summary>What terms take an output of the learner for; classes, where none reads it.</summary>
    /// <param name="tensor">The output's tensor.</param>
    public OutputKind KindOf(string tensor)
    {
        var kinds = Sources.Where(source => source is { Use: { IsTarget: false, IsOutput: true } } && source.Tensor == tensor)
            .Aggregate(default(SignalKind), (all, source) => all == 0 ? source.Use.Kind : all & source.Use.Kind);
        return Enum.GetValues<OutputKind>().FirstOrDefault(kind => (kind.Signal() & kinds) != 0);
    }

    /// <summary>The names of the terms that learn from labels.</summary>
    public IEnumerable<string> FromLabels => LabelTerms.Select(term => term.Name);

    /// <summary>The names of the terms by which a tensor of the learner learns from labels.</summary>
    public IEnumerable<string> FromLabelsInto(string tensor) =>
        LabelTerms.Where(term => term.Sources.Any(source => !source.Use.IsTarget && source.Tensor == tensor)).Select(term => term.Name);

    private IEnumerable<BoundTerm> LabelTerms => terms.Where(term => term.Term.LearnsFromLabels);

    /// <summary>Finds the signals of every term, and adds layers to the learner where features differ in shape.</summary>
    /// <param name="draft">The learner.</param>
    /// <param name="catalog">All signals.</param>
    /// <exception cref="InputException">A signal is not there, is of another kind or does not fit; or a setting is out of range.</exception>
    public static Objective Bind(LearnerDraft draft, SignalCatalog catalog)
    {
        var options = draft.Options;
        if (options.Objective.Count == 0)
            throw new InputException(
                "The objective has no term.", "objective", expected: $"one or more of {string.Join(", ", TermTable.Kinds.Names)}");
        var names = UniqueNames(options.Objective);
        return new([.. options.Objective.Zip(names, (term, name) => Bind(term, name, draft, catalog))]);
    }

    /// <summary>Computes the loss, and what it is made of.</summary>
    /// <param name="signals">Those of a batch.</param>
    /// <param name="epoch">The time in epochs.</param>
    /// <returns>The weighted sum, which gradients flow through; and, for the log, the vector of the sum and each unweighted term.</returns>
    public (Tensor Loss, Tensor Parts) Compute(StepSignals signals, double epoch)
    {
        Tensor? loss = null;
        var parts = new List<Tensor>(terms.Count + 1);
        foreach (var (_, term, sources) in terms)
        {
            var value = term.Compute(signals.For(sources, epoch));
            parts.Add(value.detach());
            loss = loss is null ? value.Mul(term.Weight.At(epoch)) : loss.Add(value, term.Weight.At(epoch));
        }

        return (loss!, stack([loss!.detach(), .. parts]));
    }

    private static BoundTerm Bind(Term term, string name, LearnerDraft draft, SignalCatalog catalog)
    {
        if (SettingSchema.Problem(term) is { } problem)
            throw new InputException(
                "A setting of the objective is out of range.", $"objective, term '{name}', {problem.Setting}", problem.Found, problem.Expected, "correct the value");
        SignalSource[] sources = catalog.Find(term.Reads, draft.Options.Name, name);
        if (term.LearnsFromLabels && Array.Find(sources, source => source.Subset is not null) is { Subset: { } subset } partial)
            throw new InputException(
                "A term compares the label's class with a teacher's, and the teacher does not know all classes.", $"objective, term '{name}'",
                $"stream '{partial.Stream}' knows {subset.Columns.Count} of {subset.Of} classes", "a teacher, or teachers combined, of all classes",
                "use a term that needs no labels, such as 'soft', with 'hard' beside it");
        var shapes = sources.Where(source => source.Use.Kind != SignalKind.Labels)
            .ToDictionary(source => source.Use.Key, catalog.Shape, StringComparer.Ordinal);
        if (term.Projection is { } request)
        {
            var at = Array.FindIndex(sources, source => source.Use.Key == request.From);
            var projected = Projection.Insert(
                draft.Extension, request.Form, sources[at].Tensor!, shapes[request.From], shapes[request.To], sources[at].ChannelAxis, $"projection/{name}");
            sources[at] = sources[at] with { Tensor = projected };
            shapes[request.From] = shapes[request.To];
        }

        term.Require(new(
            name, shapes,
            sources.Where(source => source.Stream is not null)
                .ToDictionary(source => source.Use.Key, source => catalog.Form(source.Stream!), StringComparer.Ordinal)));
        return new(name, term, sources);
    }

    /// <summary>The kind's name, with what is learned from where that is named, and a number where that occurs again.</summary>
    private static IReadOnlyList<string> UniqueNames(IReadOnlyList<Term> terms)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        return [.. terms.Select(term =>
        {
            var teacher = term.Reads.FirstOrDefault(use => use.Key == SignalUse.TeacherKey)?.Path;
            var name = teacher is null ? term.Name : $"{term.Name}:{teacher}";
            var count = seen[name] = seen.GetValueOrDefault(name) + 1;
            return count == 1 ? name : $"{name}#{count}";
        })];
    }

    private sealed record BoundTerm(string Name, Term Term, IReadOnlyList<SignalSource> Sources);
}
