using System.Text.Json.Serialization;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>One epoch's figures, a line of <c>events.jsonl</c>.</summary>
/// <param name="Epoch">Counted from 1.</param>
/// <param name="LearningRate">At the epoch's end.</param>
/// <param name="Loss">Mean objective over the epoch: of the batches, each weighing as many samples as it has.</param>
/// <param name="Terms">Mean of each term, unweighted, by name.</param>
/// <param name="Errors">On the evaluation set, if it has labels for what the student gives: samples, or their positions.</param>
/// <param name="Nll">On the evaluation set, if it has such labels.</param>
/// <param name="Agreement">With the teacher on the evaluation set, over all positions, if its logits are there.</param>
public sealed record EpochEvent(
    int Epoch, double LearningRate, double Loss, IReadOnlyDictionary<string, double> Terms,
    long? Errors, double? Nll, double? Agreement = null)
{
    /// <summary>Mean squared difference to the teacher's values on the evaluation set; <c>null</c> for other kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Mse { get; init; }

    /// <summary>The share of the variance of the teacher's values that is explained there; <c>null</c> for other kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RSquared { get; init; }

    /// <summary>Mean cosine with the teacher's embeddings there; <c>null</c> for other kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Cosine { get; init; }

    /// <summary>Which learner; <c>null</c>: the only one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Learner { get; init; }

    /// <summary>All figures but the epoch, by names that plots and trackers show.</summary>
    public IEnumerable<(string Name, double Value)> Scalars()
    {
        (string Name, double? Value)[] figures =
        [
            ("loss", Loss), ("learning-rate", LearningRate), .. Terms.Select(term => ($"terms/{term.Key}", (double?)term.Value)),
            ("validation/errors", Errors), ("validation/nll", Nll), ("validation/agreement", Agreement),
            ("validation/mse", Mse), ("validation/r-squared", RSquared), ("validation/cosine", Cosine),
        ];
        return figures.Where(figure => figure.Value is not null).Select(figure => (figure.Name, figure.Value!.Value));
    }

    /// <summary>Reads <c>events.jsonl</c>.</summary>
    public static IReadOnlyList<EpochEvent> Read(string path) => EventLog.Parse(File.ReadAllText(path));
}
