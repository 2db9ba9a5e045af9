using OnnxKd.Core.LogitCaches;
using OnnxKd.TeacherRunner.Ensembles;

namespace OnnxKd.TeacherRunner.Tests.Ensembles;

public class EnsembleMeanTests
{
    [Fact]
    public void MeanOfProbabilities_OrdinaryLogits_IsTheLogOfTheWeightedMean()
    {
        const int classes = 5, rows = 7;
        double[] weights = [0.5, 0.3, 0.2];
        var random = new Random(3);
        var teachers = weights.Select(_ => Enumerable.Range(0, rows * classes).Select(_ => random.NextSingle() * 8 - 4).ToArray()).ToArray();
        var expected = new double[rows * classes];
        for (var i = 0; i < expected.Length; i++)
            expected[i] = Math.Log(weights.Select((w, t) => w * Probability(teachers[t], i, classes)).Sum());

        var combined = Combine(Combination.MeanOfProbabilities, weights, classes, teachers);

        Near.Equal(expected, combined, 1e-6); // half a float32 step at 8
    }

    [Fact]
    public void MeanOfProbabilities_LogitsFarApart_NeitherOverflowsNorVanishes()
    {
        // softmax gives (1, e^-2000) and (e^-3000, 1): their plain mean is (1/2, 1/2), and a class that both deny keeps its logarithm.
        var combined = Combine(Combination.MeanOfProbabilities, [0.5, 0.5], 3, [5000, 3000, 1000], [-3000, 0, -1500]);
        Near.Equal([Math.Log(0.5), Math.Log(0.5), Math.Log(0.5) - 1500], combined, 2e-4); // float32 resolves 1.2e-4 at 1500
    }

    [Fact]
    public void MeanOfProbabilities_ConstantAddedToATeachersRow_ChangesNothing()
    {
        var plain = Combine(Combination.MeanOfProbabilities, [0.25, 0.75], 2, [1, 2], [0, -1]);
        var shifted = Combine(Combination.MeanOfProbabilities, [0.25, 0.75], 2, [101, 102], [0, -1]);
        Near.Equal([plain[0], plain[1]], shifted, 1e-6);
    }

    [Fact]
    public void MeanOfLogits_IsTheWeightedMeanOfEachClass()
    {
        var combined = Combine(Combination.MeanOfLogits, [0.25, 0.75], 2, [4, -8, 0, 1], [8, 0, 4, -1]);
        Assert.Equal([7f, -2f, 3f, -0.5f], combined);
    }

    [Theory]
    [InlineData(Combination.ByConfidence)]
    [InlineData(Combination.ByEntropy)]
    public void WeightedBySample_OrdinaryLogits_IsTheLogOfTheWeightedMean(Combination combination)
    {
        const int classes = 4, rows = 6;
        double[] weights = [0.6, 0.4];
        var random = new Random(5);
        var teachers = weights.Select(_ => Enumerable.Range(0, rows * classes).Select(_ => random.NextSingle() * 8 - 4).ToArray()).ToArray();
        var expected = new double[rows * classes];
        for (var i = 0; i < expected.Length; i++)
        {
            var row = i / classes * classes;
            var shares = weights.Select((w, t) => w * Trust(Enumerable.Range(row, classes).Select(k => Probability(teachers[t], k, classes)))).ToArray();
            expected[i] = Math.Log(shares.Select((share, t) => share / shares.Sum() * Probability(teachers[t], i, classes)).Sum());
        }

        Near.Equal(expected, Combine(combination, weights, classes, teachers), 1e-6);

        double Trust(IEnumerable<double> p) => combination == Combination.ByConfidence ? p.Max() : 1 / -p.Sum(value => value * Math.Log(value));
    }

    [Fact]
    public void ByEntropy_TeacherWithoutDoubt_StaysFinite()
    {
        // Of the first teacher's entropy nothing is left: it counts 1000 times its share, the other 1 / ln 2 times.
        var combined = Combine(Combination.ByEntropy, [0.5, 0.5], 2, [500, -500], [0, 0]);
        var share = 1000 / (1000 + 1 / Math.Log(2));
        Near.Equal([Math.Log(share + (1 - share) / 2), Math.Log((1 - share) / 2)], combined, 1e-5);
    }

    private static double Probability(float[] logits, int index, int classes)
    {
        var row = logits.Skip(index / classes * classes).Take(classes);
        return Math.Exp(logits[index]) / row.Sum(v => Math.Exp(v));
    }

    [Fact]
    public void MeanOfProbabilities_OfLabels_HasTheMeanProbabilityOfEach()
    {
        float[][] teachers = [[2, -1, 30], [-0.5f, 3, 40]];
        Memory<float>[] copies = [.. teachers.Select(t => new Memory<float>((float[])t.Clone()))];
        new EnsembleMean(Combination.MeanOfProbabilities, StreamKind.LabelLogit, [0.25, 0.75], CombinedColumns.Same(2, 3)).Combine(copies, copies[0]);
        for (var c = 0; c < 2; c++)
            Assert.Equal(0.25 * Sigmoid(teachers[0][c]) + 0.75 * Sigmoid(teachers[1][c]), Sigmoid(copies[0].Span[c]), 6);
        // 1 − σ(30) is 9.4e-14, of which a quarter stays: log(4) above 30.
        Assert.Equal(30 + Math.Log(4), copies[0].Span[2], 3);

        static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));
    }

    [Fact]
    public void Mean_OfValues_IsTheirMeanWhateverTheCombination()
    {
        Memory<float>[] copies = [new float[] { 100, -2 }, new float[] { 200, 2 }];
        new EnsembleMean(Combination.MeanOfProbabilities, StreamKind.Value, [0.25, 0.75], CombinedColumns.Same(2, 2)).Combine(copies, copies[0]);
        Assert.Equal([175f, 1f], copies[0].ToArray());
    }

    /// <summary>
    /// Of three classes the first teacher knows 0 and 1, and says (0.8, 0.2); the second knows 1 and 2, and says (0.5, 0.5). Before the row sums
    /// to 1 it is: class 0 as the first says, class 2 as the second says, class 1 their mean.
    /// </summary>
    [Theory]
    [InlineData(Combination.MeanOfProbabilities, 0.8, 0.6 * 0.2 + 0.4 * 0.5, 0.5)]
    [InlineData(Combination.ByConfidence, 0.8 * 0.8, 0.6 * 0.8 * 0.2 + 0.4 * 0.5 * 0.5, 0.5 * 0.5)]
    [InlineData(Combination.MeanOfLogits, 0.8, 0.28853998, 0.5)] // 0.2^0.6 · 0.5^0.4
    public void Combine_TeachersOfOtherClasses_EqualsValuesByHand(Combination combination, double first, double second, double third)
    {
        // A constant beside a teacher's logits says nothing.
        Memory<float>[] teachers = [new float[] { (float)Math.Log(0.8) + 7, (float)Math.Log(0.2) + 7 }, new float[] { (float)Math.Log(0.5) - 3, (float)Math.Log(0.5) - 3 }];
        var combined = new float[3];

        new EnsembleMean(combination, StreamKind.LogProbability, [0.6, 0.4], CombinedColumns.Union([[0, 1], [1, 2]])).Combine(teachers, combined);

        var sum = first + second + third;
        Near.Equal([Math.Log(first / sum), Math.Log(second / sum), Math.Log(third / sum)], combined, 1e-6);
    }

    [Fact]
    public void Union_OfClassesWithAGap_HasNoColumnForIt()
    {
        Assert.Equal([0, 3, 4], CombinedColumns.ClassesOf([[0, 4], [3, 4]]));
        var columns = CombinedColumns.Union([[0, 4], [3, 4]]);
        Assert.Equal((3, false), (columns.Count, columns.AreShared));
        Assert.Equal([(0, 1), (1, 1)], columns.Having(2).ToArray());
        Assert.True(CombinedColumns.Union([[0, 1], [0, 1]]).AreShared);
    }

    [Fact]
    public void Combine_OnManyThreads_GivesWhatOneGives()
    {
        const int classes = 50, rows = 40;
        var random = new Random(4);
        float[][] teachers = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, rows * classes).Select(_ => random.NextSingle() * 8).ToArray())];
        var mean = new EnsembleMean(Combination.ByEntropy, StreamKind.Logit, [0.5, 0.3, 0.2], CombinedColumns.Same(3, classes));
        var expected = new float[rows * classes];
        mean.Combine([.. teachers.Select(values => values.AsMemory())], expected);

        var results = Enumerable.Range(0, 64).Select(_ => new float[rows * classes]).ToArray();
        Parallel.ForEach(results, result => mean.Combine([.. teachers.Select(values => values.AsMemory())], result));

        Assert.All(results, result => Assert.Equal(expected, result));
    }

    private static float[] Combine(Combination combination, double[] weights, int classes, params float[][] teachers)
    {
        var copies = teachers.Select(t => new Memory<float>((float[])t.Clone())).ToArray();
        new EnsembleMean(combination, StreamKind.Logit, weights, CombinedColumns.Same(copies.Length, classes)).Combine(copies, copies[0]);
        return copies[0].ToArray();
    }
}
