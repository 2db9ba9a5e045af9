using System.Numerics;

namespace OnnxKd.Core.Logits;

/// <summary>The normaliser of a softmax, the sigmoid and its logarithm, in double precision.</summary>
internal static class SoftmaxMath
{
    /// <summary>
    /// The smallest probability of a class whose logarithm is taken (−27.6). Far below what a float32 softmax resolves beside 1 (6e-8), so that no ranking is lost, and
    /// large enough that a row stays usable where a model rounded a probability to 0.
    /// </summary>
    public const float ClassFloor = 1e-12f;

    /// <summary>The same of a probability that stands alone: the step of float32 below 1, which 1 − p cannot resolve.</summary>
    public const float LabelFloor = 6e-8f;

    /// <summary>log Σ exp(row), with the largest value taken out first so that nothing overflows.</summary>
    public static double LogSumExp<T>(ReadOnlySpan<T> row)
        where T : struct, INumber<T>
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (var value in row)
            max = Math.Max(max, double.CreateChecked(value));
        foreach (var value in row)
            sum += Math.Exp(double.CreateChecked(value) - max);
        return max + Math.Log(sum);
    }

    /// <summary>The same over some of a row's values.</summary>
    public static double LogSumExp(ReadOnlySpan<float> row, ReadOnlySpan<int> places)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (var place in places)
            max = Math.Max(max, row[place]);
        foreach (var place in places)
            sum += Math.Exp(row[place] - max);
        return max + Math.Log(sum);
    }

    /// <summary>The logarithm of <see cref="Sigmoid"/>, which does not round to 0.</summary>
    public static double LogSigmoid(double logit) => Math.Min(logit, 0) - double.LogP1(Math.Exp(-Math.Abs(logit)));

    /// <summary>The logit that a probability stands for: log(p ÷ (1 − p)).</summary>
    public static float LogOdds(float probability) => MathF.Log(Math.Max(probability, LabelFloor)) - MathF.Log(Math.Max(1 - probability, LabelFloor));

    /// <summary>The probability that a logit stands for: 1 ÷ (1 + exp(−logit)).</summary>
    public static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
