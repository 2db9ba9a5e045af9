using OnnxKd.Core.Specialists;

namespace OnnxKd.Core.Tests.Specialists;

public class SpecialistInferenceTests
{
    private static readonly float[] logits = [1, 0.5f, 0, -1, 2];

    [Fact]
    public void Combine_WithoutSpecialists_IsTheGeneralist()
    {
        var result = new float[5];

        SpecialistInference.Combine(logits, [], result);

        var sum = logits.Sum(z => Math.Exp(z));
        Assert.All(logits.Zip(result), pair => Assert.Equal(pair.First - Math.Log(sum), pair.Second, 1e-6));
    }

    [Fact]
    public void Combine_WithSpecialistThatAgrees_ChangesNothing()
    {
        var p = Softmax([.. logits.Select(z => (double)z)]);
        var result = new float[5];

        SpecialistInference.Combine(logits, [new([1, 3], [p[1], p[3], p[0] + p[2] + p[4]])], result);

        Assert.All(p.Zip(result), pair => Assert.Equal(Math.Log(pair.First), pair.Second, 1e-5));
    }

    /// <summary>Against gradient descent on the logits of q, as the paper does it.</summary>
    [Fact]
    public void Combine_WithOverlappingSpecialists_IsTheMinimumOfTheDivergences()
    {
        SpecialistAnswer[] specialists = [new([0, 4], [0.7, 0.1, 0.2]), new([4, 1, 2], [0.2, 0.3, 0.1, 0.4])];
        var result = new float[5];

        SpecialistInference.Combine(logits, specialists, result);

        var expected = Descend(Softmax([.. logits.Select(z => (double)z)]), specialists);
        Assert.All(expected.Zip(result), pair => Assert.Equal(pair.First, Math.Exp(pair.Second), 1e-4));
        Assert.Equal(1, result.Sum(value => Math.Exp(value)), 1e-6);
    }

    private static double[] Descend(double[] p, SpecialistAnswer[] specialists)
    {
        var z = new double[p.Length];
        for (var step = 0; step < 20_000; step++)
        {
            var q = Softmax(z);
            // Of Σ over outcomes −p log q, by z: q − p for single classes; q − p(others) · q ÷ q(others) for those that are joined.
            var gradient = q.Zip(p, (own, target) => own - target).ToArray();
            foreach (var specialist in specialists)
            {
                var others = Enumerable.Range(0, p.Length).Except(specialist.Classes).Sum(c => q[c]);
                for (var c = 0; c < p.Length; c++)
                    gradient[c] += q[c] - (specialist.Classes.Contains(c)
                        ? specialist.Probabilities[specialist.Classes.ToList().IndexOf(c)]
                        : specialist.Probabilities[^1] * q[c] / others);
            }
            for (var c = 0; c < z.Length; c++)
                z[c] -= 0.1 * gradient[c];
        }
        return Softmax(z);
    }

    private static double[] Softmax(double[] z)
    {
        var sum = z.Sum(Math.Exp);
        return [.. z.Select(value => Math.Exp(value) / sum)];
    }
}
