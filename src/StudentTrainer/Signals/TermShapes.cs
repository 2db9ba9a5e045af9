using OnnxKd.Core.Errors;
using OnnxKd.Core.Settings;
using Tensors = OnnxKd.Core.Tensors.Shapes;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>The shapes of the signals that a term reads, for one sample, and how those of caches are stored.</summary>
/// <param name="Term">The term's name, for messages.</param>
/// <param name="Shapes">By key; labels have none.</param>
/// <param name="Forms">By key, of those that are streams of the cache.</param>
internal sealed record TermShapes(
    string Term, IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes, IReadOnlyDictionary<string, StreamForm> Forms)
{
    /// <summary>Refuses a cache that is not right at a temperature, or at one of those that a schedule goes through.</summary>
    public void RequireTemperature(EpochSchedule temperature) => Scores()?.RequireTemperature(temperature, Term);

    /// <summary>Refuses a cache that holds only some of the logits.</summary>
    public void RequireEveryLogit() => Scores()?.RequireEveryLogit(Term);

    /// <summary>Refuses features with another number of axes.</summary>
    /// <param name="axes">The axes of one sample.</param>
    /// <param name="expected">The shape, in words.</param>
    /// <exception cref="InputException">Names the signal and its shape.</exception>
    public void RequireAxes(int axes, string expected)
    {
        foreach (var (key, shape) in Shapes)
        {
            if (shape.Count != axes)
                throw new InputException(
                    "A term cannot be computed from features of this shape.", $"objective, term '{Term}', {key}",
                    $"{Tensors.Format(shape)} for one sample", expected, "choose another tensor");
        }
    }

    /// <summary>Refuses boxes of another learner: what columns are, streams of a cache say.</summary>
    public void RequireStream()
    {
        if (!Forms.ContainsKey(SignalUse.TeacherKey))
            throw new InputException(
                "A term learns boxes and scores from a cache alone.", $"objective, term '{Term}', {SignalUse.TeacherKey}", "a tensor of a learner", "a stream of the cache",
                "name a stream, or leave the key out");
    }

    private ScoreForm? Scores() => Forms.GetValueOrDefault(SignalUse.TeacherKey) as ScoreForm;
}
