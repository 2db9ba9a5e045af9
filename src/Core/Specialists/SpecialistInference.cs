using OnnxKd.Core.Logits;

namespace OnnxKd.Core.Specialists;

/// <summary>What a specialist says of a sample.</summary>
/// <param name="Classes">Its classes.</param>
/// <param name="Probabilities">Of each of them, and of all other classes together as the last.</param>
internal sealed record SpecialistAnswer(IReadOnlyList<int> Classes, double[] Probabilities);

/// <summary>
/// The distribution q over all classes that is nearest to what a generalist and some specialists say: it minimises KL(p ‖ q) + Σ KL(pₘ ‖ qₘ), where qₘ has the
/// specialist's classes and the sum of all others. Hinton, Vinyals and Dean (2015), equation 5.
/// </summary>
/// <remarks>
/// The paper descends a gradient. The same minimum is that of expectation maximisation for partly grouped counts: each specialist's share of "another class" is
/// split among these classes as q is, q becomes the mean, and so on; no step makes the sum larger, and there is no rate to choose.
/// </remarks>
internal static class SpecialistInference
{
    private const int MostSteps = 200;
    private const double Settled = 1e-9;

    /// <summary>Combines the answers of one sample.</summary>
    /// <param name="generalist">Its logits.</param>
    /// <param name="specialists">What the specialists say; none: the result is the generalist's.</param>
    /// <param name="logProbabilities">Gets log q, as many as logits.</param>
    public static void Combine(ReadOnlySpan<float> generalist, IReadOnlyList<SpecialistAnswer> specialists, Span<float> logProbabilities)
    {
        var classes = generalist.Length;
        var (normaliser, own, q) = (SoftmaxMath.LogSumExp(generalist), new double[classes], new double[classes]);
        for (var c = 0; c < classes; c++)
            q[c] = own[c] = Math.Exp(generalist[c] - normaliser);
        if (specialists.Count == 0)
        {
            for (var c = 0; c < classes; c++)
                logProbabilities[c] = (float)(generalist[c] - normaliser);
            return;
        }
        var (next, change) = (new double[classes], double.PositiveInfinity);
        for (var step = 0; step < MostSteps && change > Settled; step++)
        {
            own.CopyTo(next, 0);
            foreach (var specialist in specialists)
                AddShares(specialist, q, next);
            change = 0;
            for (var c = 0; c < classes; c++)
            {
                next[c] /= 1 + specialists.Count;
                change = Math.Max(change, Math.Abs(next[c] - q[c]));
            }
            (q, next) = (next, q);
        }
        for (var c = 0; c < classes; c++)
            logProbabilities[c] = (float)Math.Log(Math.Max(q[c], float.Epsilon));
    }

    /// <summary>Adds a specialist's probabilities, that of the other classes split as they are now.</summary>
    private static void AddShares(SpecialistAnswer specialist, double[] q, double[] sums)
    {
        var others = q.Sum();
        foreach (var c in specialist.Classes)
            others -= q[c];
        var factor = others > 0 ? specialist.Probabilities[^1] / others : 0;
        for (var c = 0; c < q.Length; c++)
            sums[c] += factor * q[c];
        for (var i = 0; i < specialist.Classes.Count; i++)
            sums[specialist.Classes[i]] += specialist.Probabilities[i] - factor * q[specialist.Classes[i]];
    }
}
