using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Losses.Targets;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>What a student minimises: Σ weight(epoch) · term.</summary>
internal sealed class Objective
{
    private readonly (string Name, WeightSchedule Weight, string? Stream, LossTerm Term)[] terms;

    /// <summary>Makes the terms.</summary>
    /// <exception cref="InputException">No term, a term twice, an unknown term, or a weight out of range.</exception>
    public Objective(IReadOnlyList<TermOptions> options)
    {
        if (options.Count == 0)
            throw new InputException(
                "The objective has no term.", "objective", expected: $"one or more of {string.Join(", ", LossTable.Names)}");
        if (options.GroupBy(NameOf).FirstOrDefault(group => group.Count() > 1) is { } repeated)
            throw new InputException("The objective has a term twice.", "objective", repeated.Key, remedy: "merge the two into one");
        terms = [.. options.Select(option => (NameOf(option), Checked(option), option.Stream, LossTable.Create(option)))];
        Needs = terms.Aggregate(TermNeeds.None, (needs, term) => needs | term.Term.Needs);
    }

    /// <summary>The names of the terms, in order; with the stream, where one is named.</summary>
    public IReadOnlyList<string> Names => Array.ConvertAll(terms, term => term.Name);

    /// <summary>What the terms read, all together.</summary>
    public TermNeeds Needs { get; }

    /// <summary>The stream that the first term with a teacher names; <c>null</c> where none is named.</summary>
    public string? Stream => terms.FirstOrDefault(term => term.Term.Needs.HasFlag(TermNeeds.Teacher)).Stream;

    /// <summary>The streams of a cache that the terms learn from, each once, checked to be right for every term.</summary>
    /// <exception cref="InputException">A stream is not there, or a term cannot learn from it.</exception>
    public IReadOnlyList<TargetForm> StreamsOf(LogitCache cache)
    {
        var forms = new Dictionary<string, TargetForm>(StringComparer.Ordinal);
        foreach (var term in terms.Where(term => term.Term.Needs.HasFlag(TermNeeds.Teacher)))
        {
            var stream = cache.Stream(term.Stream);
            if (!forms.TryGetValue(stream.Name, out var form))
                forms[stream.Name] = form = TargetForm.Of(stream);
            term.Term.Require(form);
        }
        return [.. forms.Values];
    }

    /// <summary>The names of the terms that read something.</summary>
    public string NamesThatNeed(TermNeeds needs) =>
        string.Join(", ", terms.Where(term => term.Term.Needs.HasFlag(needs)).Select(term => $"'{term.Name}'"));

    /// <summary>Computes the loss, and what it is made of.</summary>
    /// <param name="inputs">What all terms are computed from.</param>
    /// <param name="epoch">The time in epochs.</param>
    /// <returns>The weighted sum, which gradients flow through; and, for the log, the vector of the sum and each unweighted term.</returns>
    public (Tensor Loss, Tensor Parts) Compute(in ObjectiveInputs inputs, double epoch)
    {
        Tensor? loss = null;
        var parts = new List<Tensor>(terms.Length + 1);
        foreach (var (_, weight, stream, term) in terms)
        {
            var value = term.Compute(inputs.For(stream));
            parts.Add(value.detach());
            loss = loss is null ? value.mul(weight.At(epoch)) : loss.add(value, weight.At(epoch));
        }
        return (loss!, stack([loss!.detach(), .. parts]));
    }

    private static string NameOf(TermOptions option) => option.Stream is null ? option.Name : $"{option.Name}:{option.Stream}";

    private static WeightSchedule Checked(TermOptions option)
    {
        var points = option.Weight.Points;
        var rising = points.Zip(points.Skip(1)).All(pair => pair.First.Epoch < pair.Second.Epoch);
        var finite = points.All(point => double.IsFinite(point.Epoch) && point.Weight >= 0 && double.IsFinite(point.Weight));
        if (points.Count == 0 || !rising || !finite)
            throw new InputException(
                "A weight of the objective is out of range.",
                where: $"objective, term '{option.Name}'",
                found: string.Join(", ", points.Select(point => $"{point.Weight} at epoch {point.Epoch}")),
                expected: "weights of 0 or more, at epochs in rising order");
        return option.Weight;
    }
}
