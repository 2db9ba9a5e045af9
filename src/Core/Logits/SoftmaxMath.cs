namespace OnnxKd.Core.Logits;

/// <summary>The normaliser of a softmax, and the sigmoid, in double precision.</summary>
internal static class SoftmaxMath
{
    /// <summary>log Σ exp(row), with the largest value taken out first so that nothing overflows.</summary>
    public static double LogSumExp(ReadOnlySpan<float> row)
    {
        double max = float.NegativeInfinity, sum = 0;
        foreach (var value in row)
            max = Math.Max(max, value);
        foreach (var value in row)
            sum += Math.Exp(value - max);
        return max + Math.Log(sum);
    }

    /// <summary>The probability that a logit stands for: 1 ÷ (1 + exp(−logit)).</summary>
    public static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
