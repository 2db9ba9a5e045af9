using System.Globalization;
using System.Text.Json.Serialization;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>One epoch's figures, a line of <c>events.jsonl</c>.</summary>
/// <param name="Epoch">Counted from 1.</param>
/// <param name="LearningRate">At the epoch's end.</param>
/// <param name="Loss">Mean objective over the epoch: of the batches, each weighing as many samples as it has.</param>
/// <param name="Terms">Mean of each term, unweighted, by name.</param>
/// <param name="Errors">On the validation set, if it has labels for what the student gives: samples, or their positions.</param>
/// <param name="Nll">On the validation set, if it has such labels.</param>
/// <param name="Agreement">With the teacher on the validation set, over all positions, if its logits are there.</param>
public sealed record EpochEvent(
    int Epoch, double LearningRate, double Loss, IReadOnlyDictionary<string, double> Terms,
    long? Errors, double? Nll, double? Agreement = null)
{
    /// <summary>Mean KL divergence from the teacher's probabilities on the validation set; <c>null</c> for other kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Kl { get; init; }

    /// <summary>Mean squared difference to the teacher's values on the validation set; <c>null</c> for other kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Mse { get; init; }

    /// <summary>The share of the variance of the teacher's values that is explained there; <c>null</c> for other kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RSquared { get; init; }

    /// <summary>Mean cosine with the teacher's embeddings there; <c>null</c> for other kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Cosine { get; init; }

    /// <summary>The same of the student's further outputs, by name; <c>null</c>: it has none, or they were not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, OutputEvent>? Outputs { get; init; }

    /// <summary>Outputs that gave the same for every sample of a few; <c>null</c>: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Constant { get; init; }

    /// <summary>Which learner; <c>null</c>: the only one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Learner { get; init; }

    private static readonly Dictionary<string, OutputEvent> NoOutputs = [];

    /// <summary>All figures but the epoch, by names that plots and trackers show.</summary>
    public IEnumerable<(string Name, double Value)> Scalars()
    {
        (string Name, double? Value)[] figures =
        [
            ("loss", Loss), ("learning-rate", LearningRate), .. Terms.Select(term => ($"terms/{term.Key}", (double?)term.Value)),
            ("validation/errors", Errors), ("validation/nll", Nll), ("validation/agreement", Agreement), ("validation/kl", Kl),
            ("validation/mse", Mse), ("validation/r-squared", RSquared), ("validation/cosine", Cosine),
            .. (Outputs ?? NoOutputs).SelectMany(output => output.Value.Scalars(), (output, figure) => ($"validation/{output.Key}/{figure.Name}", figure.Value)),
        ];
        return figures.Where(figure => figure.Value is not null).Select(figure => (figure.Name, figure.Value!.Value));
    }

    /// <summary>What was measured, in words, a few for each output.</summary>
    internal IEnumerable<string> Describe()
    {
        if (Errors is { } errors)
            yield return $"{errors} errors";
        else if (new OutputEvent(Agreement, Mse, RSquared, Cosine).Describe() is { } first)
            yield return first;
        foreach (var (name, output) in Outputs ?? NoOutputs)
            if (output.Describe() is { } further)
                yield return $"{name}: {further}";
    }

    /// <summary>Reads <c>events.jsonl</c>.</summary>
    /// <exception cref="Core.Errors.CheckFailedException">It is damaged.</exception>
    public static IReadOnlyList<EpochEvent> Read(string path) => EventLog.Read(path);
}

/// <summary>One epoch's figures of a further output on the validation set, each against the teacher; <c>null</c> for other kinds.</summary>
/// <param name="Agreement">As <see cref="EpochEvent.Agreement"/>.</param>
/// <param name="Mse">As <see cref="EpochEvent.Mse"/>.</param>
/// <param name="RSquared">As <see cref="EpochEvent.RSquared"/>.</param>
/// <param name="Cosine">As <see cref="EpochEvent.Cosine"/>.</param>
public sealed record OutputEvent(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Agreement = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Mse = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? RSquared = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Cosine = null)
{
    /// <summary>The first of them that there is, in words; <c>null</c>: there is none.</summary>
    internal string? Describe() =>
        Agreement is { } share ? string.Create(CultureInfo.InvariantCulture, $"agreement {share:0.00 %}")
        : RSquared is { } explained ? string.Create(CultureInfo.InvariantCulture, $"R2 {explained:0.0000}")
        : Cosine is { } cosine ? string.Create(CultureInfo.InvariantCulture, $"cosine {cosine:0.0000}")
        : null;

    /// <summary>The figures that there are, by the names that plots show.</summary>
    internal IEnumerable<(string Name, double? Value)> Scalars() =>
        [("agreement", Agreement), ("mse", Mse), ("r-squared", RSquared), ("cosine", Cosine)];
}
