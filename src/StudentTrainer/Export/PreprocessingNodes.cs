using OnnxKd.Core.Preparation;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>Writes what preprocessing computes as nodes: a Mul and an Add, and for missing values and logarithms a few more.</summary>
/// <param name="steps">What it computes.</param>
/// <param name="node">Adds a node of an operator, with a name for what it gives and its inputs; returns the name that it got.</param>
/// <param name="numbers">Adds a constant of one number for each of the steps.</param>
/// <param name="one">Adds the constant 1.</param>
/// <param name="condition">Adds a constant of one truth value for each of the steps.</param>
internal sealed class PreprocessingNodes(
    ChannelSteps steps, Func<string, string, string[], string> node, Func<string, float[], string> numbers, Func<string, string> one, Func<string, bool[], string> condition)
{
    /// <summary>Writes it.</summary>
    /// <param name="value">What it starts from, in floats.</param>
    /// <returns>What it ends in.</returns>
    public string Write(string value)
    {
        if (steps.Fillers is { } fillers)
        {
            value = node("Where", "filled", [node("IsNaN", "missing", [value]), numbers("filler", fillers), value]);
            if (!steps.HasLogs && Array.TrueForAll(steps.Factors, factor => factor == 1) && Array.TrueForAll(steps.Summands, summand => summand == 0))
                return value;
        }
        var z = Affine("", value, steps.Factors, steps.Summands);
        if (!steps.HasLogs)
            return z;
        // sign(z) × ln(1 + |z|); where there is no logarithm, z.
        var log = node("Log", "log", [node("Add", "log.beyond", [node("Abs", "log.size", [z]), one("log.one")])]);
        log = Affine("log.", node("Mul", "log.signed", [log, node("Sign", "log.sign", [z])]), steps.LogFactors, steps.LogSummands);
        return steps.IsLog.Contains(false) ? node("Where", "log.or-not", [condition("log.where", steps.IsLog), log, z]) : log;
    }

    private string Affine(string of, string value, float[] factors, float[] summands)
    {
        var scaled = node("Mul", $"{of}scaled", [value, numbers($"{of}factor", factors)]);
        return node("Add", $"{of}shifted", [scaled, numbers($"{of}summand", summands)]);
    }
}
