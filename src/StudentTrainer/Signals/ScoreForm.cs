using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Settings;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>Class scores of a teacher as a cache holds them.</summary>
/// <param name="stream">A stream of logits or log-probabilities.</param>
internal abstract class ScoreForm(CacheStream stream) : StreamForm(stream)
{
    /// <inheritdoc/>
    public sealed override SignalKind Kind => SignalKind.Scores;

    /// <summary>Whether every logit is there.</summary>
    protected virtual bool IsDense => true;

    /// <summary>The only temperatures that the scores are right at; <c>null</c>: any.</summary>
    protected virtual IReadOnlyList<double>? Temperatures => null;

    /// <summary>Refuses a stream that holds only some of the logits.</summary>
    /// <param name="term">The term that needs all, for the message.</param>
    /// <exception cref="InputException">It does.</exception>
    public void RequireEveryLogit(string term)
    {
        if (!IsDense)
            throw new InputException(
                "A term of the objective needs every logit of the teacher, and the cache holds only some.",
                where: $"objective, term '{term}'",
                found: $"stream '{Stream.Name}' stored as {Stream.Storage.Name}",
                expected: "a stream stored as float32, float16, bfloat16 or int8",
                remedy: "use 'soft', or capture the teacher again with one of these storages");
    }

    /// <summary>Refuses a temperature at which the scores would not be the teacher's.</summary>
    /// <param name="temperature">The temperature.</param>
    /// <param name="term">The term that has it, for the message.</param>
    /// <exception cref="InputException">Names the temperatures that the stream holds.</exception>
    public void RequireTemperature(EpochSchedule temperature, string term)
    {
        if (Temperatures is { } held && !(temperature.Constant is { } constant && held.Contains(constant)))
            throw new InputException(
                "The cache was not captured for a temperature of the objective.",
                where: $"objective, term '{term}'",
                found: $"temperature {temperature}",
                expected: $"{string.Join(" or ", held)}, which stream '{Stream.Name}' ({Stream.Storage.Name}) holds",
                remedy: temperature.Constant is null
                    ? "use one temperature throughout, or storage that holds every logit"
                    : "use a temperature that it holds, or capture the teacher again for this one");
    }
}
