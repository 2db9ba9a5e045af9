using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Terms;

/// <summary>Terms over features, against their papers' formulas worked out in plain double precision, and finite differences.</summary>
public sealed class FeatureTermTests : IDisposable
{
    private const int Samples = 3;

    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Hint_OfVectors_IsHalfTheMeanOfSquares()
    {
        var (x, y) = (Values(1, 12), Values(2, 12));
        var expected = 0.5 * x.Zip(y, (a, b) => (a - b) * (a - b)).Average();
        Assert.Equal(expected, Value(new HintTerm(), x, y, 3, 4), 10);
    }

    /// <summary>Maps [samples, 2 channels, 2 × 2]: the student's are of the teacher's size.</summary>
    [Fact]
    public void Attention_OfMaps_EqualsItsFormula()
    {
        var (x, y) = (Values(3, Samples * 8), Values(4, Samples * 8));
        var expected = Enumerable.Range(0, Samples).Average(n => Map(x, n).Zip(Map(y, n), (a, b) => (a - b) * (a - b)).Average());
        Assert.Equal(expected, Value(new AttentionTerm(), x, y, Samples, 2, 2, 2), 10);

        static double[] Map(double[] values, int sample)
        {
            var map = Enumerable.Range(0, 4).Select(at =>
                (Math.Pow(values[sample * 8 + at], 2) + Math.Pow(values[sample * 8 + 4 + at], 2)) / 2).ToArray();
            var norm = Math.Sqrt(map.Sum(value => value * value));
            return [.. map.Select(value => value / norm)];
        }
    }

    [Fact]
    public void Attention_OfLargerMap_AveragesItDown()
    {
        var (small, large) = (Values(5, Samples * 4), new double[Samples * 16]);
        for (var i = 0; i < large.Length; i++)
            large[i] = small[i / 16 * 4 + i % 16 / 8 * 2 + i % 4 / 2]; // each pixel four times
        using var x = torch.tensor(large, [Samples, 1, 4, 4]);
        using var y = torch.tensor(small, [Samples, 1, 2, 2]);
        Assert.Equal(0, new AttentionTerm().Compare(x, y).item<double>(), 12);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    public void Relational_OfVectors_EqualsItsFormula(double distance, double angle)
    {
        var (x, y) = (Values(6, Samples * 4), Values(7, Samples * 2));
        var expected = 0.0;
        for (var i = 0; i < Samples; i++)
        {
            for (var j = 0; j < Samples; j++)
            {
                expected += distance * Huber(Distance(x, 4, i, j) / Mean(x, 4), Distance(y, 2, i, j) / Mean(y, 2)) / (Samples * Samples);
                for (var k = 0; k < Samples; k++)
                    expected += angle * Huber(Cosine(x, 4, i, j, k), Cosine(y, 2, i, j, k)) / (Samples * Samples * Samples);
            }
        }
        using var student = torch.tensor(x, [Samples, 4]);
        using var teacher = torch.tensor(y, [Samples, 2]);
        var term = new RelationalTerm { Distance = distance, Angle = angle };
        Assert.Equal(expected, term.Compare(student, teacher).item<double>(), 6);
    }

    [Fact]
    public void Projector_OfVectors_EqualsItsFormula()
    {
        var (x, y) = (Values(8, Samples * 2), Values(9, Samples * 2));
        var expected = 0.0;
        for (var column = 0; column < 2; column++)
        {
            var (a, b) = (Standard(x, column), Standard(y, column));
            expected += a.Zip(b, (u, w) => Math.Pow(Math.Abs(u - w), 4)).Sum();
        }
        Assert.Equal(Math.Log(expected), Value(new StandardisedDistanceTerm(), x, y, Samples, 2), 8);

        static double[] Standard(double[] values, int column)
        {
            double[] own = [.. values.Where((_, i) => i % 2 == column)];
            var mean = own.Average();
            var deviation = Math.Sqrt(own.Average(value => (value - mean) * (value - mean)) + 1e-5);
            return [.. own.Select(value => (value - mean) / deviation)];
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ChannelWise_OfMaps_EqualsItsFormula(double temperature)
    {
        var (x, y) = (Values(10, Samples * 8), Values(11, Samples * 8));
        var expected = 0.0;
        foreach (var (student, teacher) in x.Chunk(4).Zip(y.Chunk(4)))
        {
            var (q, p) = (Softmax(student), Softmax(teacher));
            expected += temperature * temperature * p.Zip(q, (own, other) => own * Math.Log(own / other)).Sum() / (Samples * 2);
        }
        Assert.Equal(expected, Value(new ChannelWiseTerm { Temperature = temperature }, x, y, Samples, 2, 2, 2), 10);

        double[] Softmax(double[] values)
        {
            var weights = Array.ConvertAll(values, value => Math.Exp(value / temperature));
            return Array.ConvertAll(weights, weight => weight / weights.Sum());
        }
    }

    [Theory]
    [InlineData(0.5, 0.2)]
    [InlineData(0.05, 1)]
    public void Similarity_OfVectors_EqualsItsFormula(double teacherTemperature, double studentTemperature)
    {
        const int Queue = 5;
        var (x, y, queue) = (Values(14, Samples * 4), Values(15, Samples * 4), Values(22, Queue * 4));
        var expected = 0.0;
        for (var i = 0; i < Samples; i++)
        {
            var (q, p) = (Nearness(x, i, studentTemperature), Nearness(y, i, teacherTemperature));
            expected += p.Zip(q, (own, other) => own * Math.Log(own / other)).Sum() / Samples;
        }
        var term = new SimilarityTerm { TeacherTemperature = teacherTemperature, StudentTemperature = studentTemperature };
        Assert.Equal(
            expected, term.Compare(torch.tensor(x, [Samples, 4]), torch.tensor(y, [Samples, 4]), torch.tensor(queue, [Queue, 4])).item<double>(), 10);

        double[] Nearness(double[] values, int sample, double temperature)
        {
            var own = Unit(values, 4, sample);
            double[] weights = [.. Enumerable.Range(0, Queue).Select(j => Math.Exp(own.Zip(Unit(queue, 4, j), (a, b) => a * b).Sum() / temperature))];
            return [.. weights.Select(weight => weight / weights.Sum())];
        }
    }

    [Fact]
    public void Triplet_OfThreeTeachers_FollowsMostOfThem()
    {
        const double Margin = 0.3;
        var x = Values(16, Samples * 4);
        double[][] teachers = [Values(17, Samples * 2), Values(18, Samples * 3), Values(19, Samples * 5)];
        var (sum, count) = (0.0, 0);
        for (var i = 0; i < Samples; i++)
        {
            for (var j = 0; j < Samples; j++)
            {
                for (var k = 0; k < Samples; k++)
                {
                    if (i == j || j == k || i == k || teachers.Count(y => Apart(y, i, j) < Apart(y, i, k)) < 2)
                        continue;
                    sum += Math.Max(0, Apart(x, i, j) - Apart(x, i, k) + Margin);
                    count++;
                }
            }
        }
        using var student = torch.tensor(x, [Samples, 4]);
        var value = new TripletTerm { Margin = Margin }.Compare(student, [.. teachers.Select(y => torch.tensor(y, [Samples, y.Length / Samples]))]);
        Assert.Equal(sum / count, value.item<double>(), 10);

        static double Apart(double[] values, int i, int j)
        {
            var size = values.Length / Samples;
            return Unit(values, size, i).Zip(Unit(values, size, j), (a, b) => (a - b) * (a - b)).Sum();
        }
    }

    [Fact]
    public void Gradient_OfTriplet_EqualsFiniteDifferences()
    {
        const double Step = 1e-5;
        var (x, y) = (Values(20, Samples * 4), Values(21, Samples * 4));
        var student = torch.tensor(x, [Samples, 4], requires_grad: true);
        Of(student).backward();
        var expected = Enumerable.Range(0, x.Length).Select(i => (Shifted(i, Step) - Shifted(i, -Step)) / (2 * Step)).ToArray();
        Near.Equal(expected, student.grad!.data<double>().ToArray(), 1e-6);

        torch.Tensor Of(torch.Tensor own) => new TripletTerm { Margin = 0.5 }.Compare(own, [torch.tensor(y, [Samples, 4])]);
        double Shifted(int index, double by) =>
            Of(torch.tensor(x.Select((value, i) => i == index ? value + by : value).ToArray(), [Samples, 4])).item<double>();
    }

    public static TheoryData<FeatureTerm> Terms =>
    [
        new HintTerm(), new AttentionTerm(), new RelationalTerm(), new StandardisedDistanceTerm(), new ChannelWiseTerm(), new SimilarityTerm { TeacherTemperature = 0.5 },
    ];

    [Theory]
    [MemberData(nameof(Terms))]
    public void Gradient_OfEachTerm_EqualsFiniteDifferences(FeatureTerm term)
    {
        const double Step = 1e-5;
        long[] shape = term is PooledFeatureTerm ? [Samples, 8] : [Samples, 2, 2, 2];
        var (x, y) = (Values(12, Samples * 8), Values(13, Samples * 8));
        var student = torch.tensor(x, shape, requires_grad: true);
        term.Compare(student, torch.tensor(y, shape)).backward();
        var expected = Enumerable.Range(0, x.Length).Select(i => (Shifted(i, Step) - Shifted(i, -Step)) / (2 * Step)).ToArray();
        Near.Equal(expected, student.grad!.data<double>().ToArray(), 1e-6);

        double Shifted(int index, double by) =>
            Value(term, [.. x.Select((value, i) => i == index ? value + by : value)], y, shape);
    }

    public static TheoryData<PooledFeatureTerm> PooledTerms => [new StandardisedDistanceTerm(), new SimilarityTerm { TeacherTemperature = 0.5, Queue = 0 }, new SimilarityTerm { TeacherTemperature = 0.5, Queue = 4 }];

    /// <summary>Sequences [2 positions, 3 features], signals [3 channels, 2 steps] and images [3 channels, 1, 2] of the same vectors.</summary>
    [Theory]
    [MemberData(nameof(PooledTerms))]
    public void PooledTerms_OfPositions_CompareTheMeansOfFeatures(PooledFeatureTerm term)
    {
        double[] x = Values(21, Samples * 6), y = Values(22, Samples * 6), queue = Values(23, 4 * 6);
        var expected = Compute([2, 3], 2, x => [.. x.Chunk(6).SelectMany(sample => new[] { 0, 1, 2 }.Select(feature => (sample[feature] + sample[3 + feature]) / 2))], vectors: true);
        Assert.Equal(expected, Compute([2, 3], 2, x => x), 9);
        Assert.Equal(expected, Compute([3, 2], 1, Turned), 9);
        Assert.Equal(expected, Compute([3, 1, 2], 1, Turned), 9);

        static double[] Turned(double[] values) => [.. values.Chunk(6).SelectMany(sample => new[] { 0, 3, 1, 4, 2, 5 }.Select(i => sample[i]))];

        double Compute(long[] shape, int channelAxis, Func<double[], double[]> form, bool vectors = false)
        {
            long[] Shape(long count) => vectors ? [count, 3] : [count, .. shape];
            return term.Compute(new TermSignals(
                new Dictionary<string, torch.Tensor> { [SignalUse.StudentKey] = torch.tensor(form(x), Shape(Samples)) },
                new Dictionary<string, StreamSignal>
                {
                    [SignalUse.TeacherKey] = new TargetTensor(torch.tensor(form(y), Shape(Samples))), ["queue"] = new TargetTensor(torch.tensor(form(queue), Shape(4))),
                },
                null, 0) { ChannelAxis = channelAxis }).item<double>();
        }
    }

    public static TheoryData<FeatureTerm> PaddedTerms =>
    [
        new HintTerm(), new RelationalTerm(), new StandardisedDistanceTerm(), new SimilarityTerm { TeacherTemperature = 0.5, Queue = 0 }, new SimilarityTerm { TeacherTemperature = 0.5, Queue = 3 },
    ];

    /// <summary>
    /// Sequences [2 positions, 3 features] and the same as signals, of which one sample has a single position that counts. Means are of what counts; vectors of a whole sample have
    /// nothing where it is padded; a mean over values is of those that count.
    /// </summary>
    [Theory]
    [MemberData(nameof(PaddedTerms))]
    public void Terms_OfPaddedPositions_LookAtTheOthersAlone(FeatureTerm term)
    {
        using var folder = new TemporaryFolder();
        using var set = Sets.Create(folder, "set", new float[Samples * 2], [2], lengths: [2, 1, 2]);
        double[] x = Values(21, Samples * 6), y = Values(22, Samples * 6);

        var value = Compute(x, y, channelAxis: 2);

        Assert.Equal(Expected(), value, 9);
        Assert.Equal(value, Compute(WithOtherPadding(x), WithOtherPadding(y), channelAxis: 2), 12);
        Assert.Equal(value, Compute(Turned(x), Turned(y), channelAxis: 1), 9);

        double Expected() => term switch
        {
            HintTerm => 0.5 * x.Zip(y, (a, b) => (a - b) * (a - b)).Where((_, i) => Counts(i)).Average(),
            PooledFeatureTerm => Value(term is SimilarityTerm similarity ? similarity with { Queue = 0 } : term, Means(x), Means(y), Samples, 3),
            _ => Value(term, Zeroed(x), Zeroed(y), Samples, 6),
        };

        double Compute(double[] own, double[] taught, int channelAxis)
        {
            long[] shape = channelAxis == 2 ? [Samples, 2, 3] : [Samples, 3, 2];
            var counted = new CountedRows(set, new long[] { 0, 1, 2 }, torch.CPU);
            // The batch once more is drawn beside it: each share of a similarity is halved, of both sides alike.
            var signals = new TermSignals(
                new Dictionary<string, torch.Tensor> { [SignalUse.StudentKey] = torch.tensor(own, shape) },
                new Dictionary<string, StreamSignal> { [SignalUse.TeacherKey] = new TargetTensor(torch.tensor(taught, shape)), ["queue"] = new TargetTensor(torch.tensor(taught, shape)) },
                null, 0) { ChannelAxis = channelAxis, Counted = counted, CountedDrawn = counted };
            return term.Compute(signals).item<double>();
        }

        static bool Counts(int i) => i is < 9 or >= 12; // the second position of the second sample does not
        static double[] Zeroed(double[] values) => [.. values.Select((value, i) => Counts(i) ? value : 0)];
        static double[] WithOtherPadding(double[] values) => [.. values.Select((value, i) => Counts(i) ? value : value + 7)];
        static double[] Means(double[] values) =>
            [.. values.Chunk(6).SelectMany((sample, n) => new[] { 0, 1, 2 }.Select(feature => n == 1 ? sample[feature] : (sample[feature] + sample[3 + feature]) / 2))];
        static double[] Turned(double[] values) => [.. values.Chunk(6).SelectMany(sample => new[] { 0, 3, 1, 4, 2, 5 }.Select(i => sample[i]))];
    }

    /// <summary>The slope of a root is infinite where both sides are equal; nothing is learned there.</summary>
    [Fact]
    public void Projector_OfARootWithEqualValues_HasAFiniteGradient()
    {
        double[] y = [1, 2, 1, 3, 1, 5];
        var student = torch.tensor(new double[] { 4, 2, 4, 1, 4, 0 }, [Samples, 2], requires_grad: true);
        new StandardisedDistanceTerm { Exponent = 0.5 }.Compare(student, torch.tensor(y, [Samples, 2])).backward();
        Assert.All(student.grad!.data<double>().ToArray(), slope => Assert.True(double.IsFinite(slope)));
    }

    private static double[] Values(int seed, int count) => [.. Numbers.Uniform(seed, count, -2, 2)];

    private static double Value(FeatureTerm term, double[] student, double[] teacher, params long[] shape)
    {
        using var _ = torch.NewDisposeScope();
        return term.Compare(torch.tensor(student, shape), torch.tensor(teacher, shape)).item<double>();
    }

    private static double[] Unit(double[] values, int size, int sample)
    {
        var own = values.AsSpan(sample * size, size).ToArray();
        var norm = Math.Sqrt(own.Sum(value => value * value));
        return Array.ConvertAll(own, value => value / norm);
    }

    private static double Distance(double[] values, int size, int i, int j) =>
        Math.Sqrt(Enumerable.Range(0, size).Sum(k => Math.Pow(values[i * size + k] - values[j * size + k], 2)));

    private static double Mean(double[] values, int size) =>
        (from i in Enumerable.Range(0, Samples) from j in Enumerable.Range(0, Samples) where i != j select Distance(values, size, i, j)).Average();

    /// <summary>Of the angle at sample j between i and k.</summary>
    private static double Cosine(double[] values, int size, int i, int j, int k) => i == j || k == j ? 0
        : Enumerable.Range(0, size).Sum(at =>
            (values[i * size + at] - values[j * size + at]) * (values[k * size + at] - values[j * size + at]))
            / (Distance(values, size, i, j) * Distance(values, size, k, j));

    private static double Huber(double a, double b) => Math.Abs(a - b) < 1 ? 0.5 * (a - b) * (a - b) : Math.Abs(a - b) - 0.5;
}
