using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Terms;

public sealed class TermTests : IDisposable
{
    private const int Rows = 3;
    private const int Classes = 4;

    private static readonly double[] Student = [.. Numbers.Uniform(1, Rows * Classes, -4, 4)];
    private static readonly double[] Teacher = [.. Numbers.Uniform(2, Rows * Classes, -6, 6)];
    private static readonly long[] Labels = [2, 0, 3];

    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(20)]
    public void Soft_OfRandomLogits_EqualsItsFormula(double temperature)
    {
        double expected = 0;
        for (var row = 0; row < Rows; row++)
        {
            var p = Softmax(Teacher, row, temperature);
            var q = Softmax(Student, row, temperature);
            for (var k = 0; k < Classes; k++)
                expected += temperature * temperature * p[k] * Math.Log(p[k] / q[k]) / Rows;
        }
        Assert.Equal(expected, Value(new SoftTerm { Temperature = temperature }, Student), 10);
    }

    /// <summary>Teacher (ln 3, 0) at T = 1 says (3/4, 1/4), student (0, 0) says (1/2, 1/2): KL = 3/4 ln 3/2 + 1/4 ln 1/2.</summary>
    [Fact]
    public void Soft_OfTwoClasses_EqualsValueByHand()
    {
        var (student, teacher) = (torch.tensor(new[] { 0.0, 0 }, [1, 2]), new DenseScores(torch.tensor(new[] { Math.Log(3), 0 }, [1, 2])));
        Assert.Equal(0.75 * Math.Log(1.5) + 0.25 * Math.Log(0.5), new SoftTerm { Temperature = 1 }.Compute(student, teacher).item<double>(), 12);
    }

    /// <summary>Half way from 8 to 2 it is 5, at both sides and in T².</summary>
    [Fact]
    public void Compute_WithATemperatureThatFalls_IsWithTheOneOfTheEpoch()
    {
        var teacher = new DenseScores(Matrix(Teacher));
        var labels = new LabelTargets(torch.tensor(Labels));
        EpochSchedule falling = new([(0, 8), (10, 2)]);
        foreach (var (scheduled, constant) in new (Term, Term)[]
        {
            (new SoftTerm { Temperature = falling }, new SoftTerm { Temperature = 5 }),
            (new DecoupledTerm { Temperature = falling }, new DecoupledTerm { Temperature = 5 }),
            (new CorrelationTerm { Temperature = falling }, new CorrelationTerm { Temperature = 5 }),
            (new NormalisedTerm { Temperature = falling }, new NormalisedTerm { Temperature = 5 }),
            (new OneForAllTerm { Temperature = falling }, new OneForAllTerm { Temperature = 5 }),
        })
        {
            Assert.Equal(Value(constant), Value(scheduled), 12);

            double Value(Term term) => term.Compute(Matrix(Student), teacher, labels, epoch: 5).item<double>();
        }
    }

    [Fact]
    public void Hard_OfRandomLogits_EqualsItsFormula()
    {
        var expected = Enumerable.Range(0, Rows).Average(row => -Math.Log(Softmax(Student, row, 1)[Labels[row]]));
        Assert.Equal(expected, Value(new HardTerm(), Student), 10);
    }

    [Fact]
    public void Hard_OfMixedAndUnknownLabels_EqualsItsFormula()
    {
        long[] own = [2, -1, 3];
        long[] partners = [1, 0, -1];
        double[] shares = [0.25, 0.75, 0.5];
        var (sum, known) = (0.0, 0.0);
        for (var row = 0; row < Rows; row++)
        {
            foreach (var (label, share) in new[] { (own[row], shares[row]), (partners[row], 1 - shares[row]) })
            {
                if (label < 0)
                    continue;
                sum -= share * Math.Log(Softmax(Student, row, 1)[label]);
                known += share;
            }
        }
        var targets = new LabelTargets(torch.tensor(own), torch.tensor(partners), torch.tensor(shares), AllKnown: false);
        Assert.Equal(sum / known, targets.CrossEntropy(Matrix(Student)).item<double>(), 10);
    }

    [Fact]
    public void Hard_OfRowsWithoutAnyLabel_IsZeroWithoutGradient()
    {
        var logits = torch.tensor(Student, [Rows, Classes], requires_grad: true);
        var loss = new LabelTargets(torch.tensor(new long[] { -1, -1, -1 }), AllKnown: false).CrossEntropy(logits);
        loss.backward();
        Assert.Equal(0, loss.item<double>());
        Assert.All(logits.grad!.data<double>().ToArray(), value => Assert.Equal(0, value));
    }

    /// <summary>z = (1, 3), v = (0, 6): zero-mean (−1, 1) and (−3, 3), squares 4 and 4, half their mean is 2.</summary>
    [Fact]
    public void LogitMatching_OfTwoClasses_EqualsValueByHand()
    {
        var (student, teacher) = (torch.tensor(new[] { 1.0, 3 }, [1, 2]), new DenseScores(torch.tensor(new[] { 0.0, 6 }, [1, 2])));
        Assert.Equal(2, new LogitMatchingTerm().Compute(student, teacher).item<double>(), 12);
    }

    [Fact]
    public void LogitMatching_OfRandomLogits_IsLimitOfSoftAtHighTemperature()
    {
        var limit = Value(new LogitMatchingTerm(), Student);
        Assert.Equal(limit, Value(new SoftTerm { Temperature = 1e4 }, Student), 2);
        Assert.Equal(limit, Value(new SoftTerm { Temperature = 1e5 }, Student), 3);
    }

    public static TheoryData<Term> ScoreTerms =>
        [new SoftTerm { Temperature = 3 }, new SoftTerm { Temperature = 2, Standardise = true }, new HardTerm(), new LogitMatchingTerm()];

    [Theory]
    [MemberData(nameof(ScoreTerms))]
    public void Gradient_OfEachTerm_EqualsFiniteDifferences(Term term)
    {
        const double Step = 1e-5;
        var logits = torch.tensor(Student, [Rows, Classes], requires_grad: true);
        term.Compute(logits, new DenseScores(Matrix(Teacher)), new(torch.tensor(Labels))).backward();
        var expected = Enumerable.Range(0, Student.Length)
            .Select(i => (Value(term, Shifted(i, Step)) - Value(term, Shifted(i, -Step))) / (2 * Step));
        Near.Equal(expected.ToArray(), logits.grad!.data<double>().ToArray(), 1e-8);

        static double[] Shifted(int index, double by) => [.. Student.Select((value, i) => i == index ? value + by : value)];
    }

    private static double Value(Term term, double[] student) =>
        term.Compute(Matrix(student), new DenseScores(Matrix(Teacher)), new(torch.tensor(Labels))).item<double>();

    private static torch.Tensor Matrix(double[] values) => torch.tensor(values, [Rows, Classes]);

    private static double[] Softmax(double[] logits, int row, double temperature)
    {
        var weights = logits.AsSpan(row * Classes, Classes).ToArray().Select(value => Math.Exp(value / temperature)).ToArray();
        return [.. weights.Select(weight => weight / weights.Sum())];
    }
}
