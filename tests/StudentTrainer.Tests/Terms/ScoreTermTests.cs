using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Terms;

/// <summary>Terms over class scores, against their papers' formulas worked out in plain double precision, and finite differences.</summary>
public sealed class ScoreTermTests : IDisposable
{
    private const int Rows = 4;
    private const int Classes = 5;

    private static readonly double[][] Student = Chunk(Numbers.Uniform(11, Rows * Classes, -4, 4));
    private static readonly double[][] Teacher = Chunk(Numbers.Uniform(12, Rows * Classes, -6, 6));
    private static readonly int[] Labels = [2, 0, 4, 2];

    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(4, 1, 8)]
    [InlineData(2.5, 3, 0)]
    public void Decoupled_OfRandomLogits_EqualsItsFormula(double temperature, double alpha, double beta)
    {
        var expected = MeanOverRows((z, v, t) =>
        {
            var (p, q) = (Softmax(v, temperature), Softmax(z, temperature));
            var binary = p[t] * Math.Log(p[t] / q[t]) + (1 - p[t]) * Math.Log((1 - p[t]) / (1 - q[t]));
            var others = Others(t).Sum(k => p[k] / (1 - p[t]) * Math.Log(p[k] / (1 - p[t]) / (q[k] / (1 - q[t]))));
            return temperature * temperature * (alpha * binary + beta * others);
        });
        Assert.Equal(expected, Value(new DecoupledTerm { Temperature = temperature, Alpha = alpha, Beta = beta }), 9);
    }

    /// <summary>Logits in the hundreds, softened by less than 1: the label's class lies tens of thousands above the others.</summary>
    [Fact]
    public void LabelledTerms_OfALabelFarAboveAllOthers_CompareTheOthersAlone()
    {
        const double Temperature = 0.01;
        var (z, v) = (Matrix([[900, 0, 0.01, 0.02]]), Matrix([[800, 0.02, 0.01, 0]]));
        var (p, q) = (Softmax([0.02, 0.01, 0], Temperature), Softmax([0, 0.01, 0.02], Temperature));
        var labels = new LabelTargets(torch.tensor(new[] { 0L }));
        var divergence = p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum();
        Assert.Equal(
            Temperature * Temperature * 8 * divergence, new DecoupledTerm { Temperature = Temperature }.Compute(z, new DenseScores(v), labels).item<double>(), 12);
        Assert.Equal(
            -1.5 * Temperature * Temperature * p.Zip(q, (a, b) => a * Math.Log(b)).Sum(),
            new NormalisedTerm { Temperature = Temperature }.Compute(z, new DenseScores(v), labels).item<double>(), 12);
    }

    /// <summary>Soft targets are the special case in which the second factor is the teacher's 1 − p_t, here for one row.</summary>
    [Fact]
    public void Decoupled_WithTeachersRestAsFactor_EqualsSoft()
    {
        var rest = 1 - Softmax(Teacher[0], 3)[Labels[0]];
        var (z, v) = (Matrix(Student[..1]), new DenseScores(Matrix(Teacher[..1])));
        var labels = new LabelTargets(torch.tensor(new[] { (long)Labels[0] }));
        Assert.Equal(
            new SoftTerm { Temperature = 3 }.Compute(z, v).item<double>(),
            new DecoupledTerm { Temperature = 3, Alpha = 1, Beta = rest }.Compute(z, v, labels).item<double>(), 9);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(4, 2, 0.5)]
    public void Correlation_OfRandomLogits_EqualsItsFormula(double temperature, double beta, double gamma)
    {
        var (p, q) = (Teacher.Select(v => Softmax(v, temperature)).ToArray(), Student.Select(z => Softmax(z, temperature)).ToArray());
        var rows = Enumerable.Range(0, Rows).Average(i => 1 - Pearson(p[i], q[i]));
        var classes = Enumerable.Range(0, Classes).Average(k => 1 - Pearson([.. p.Select(row => row[k])], [.. q.Select(row => row[k])]));
        Assert.Equal(
            temperature * temperature * (beta * rows + gamma * classes),
            Value(new CorrelationTerm { Temperature = temperature, Beta = beta, Gamma = gamma }), 9);
    }

    [Theory]
    [InlineData(1, 1.5)]
    [InlineData(2, 0.5)]
    public void Normalised_OfRandomLogits_EqualsItsFormula(double temperature, double gamma)
    {
        var expected = MeanOverRows((z, v, t) =>
        {
            var (p, q) = (Softmax(v, temperature), Softmax(z, temperature));
            var others = Others(t).Sum(k => p[k] / (1 - p[t]) * Math.Log(q[k] / (1 - q[t])));
            return -Softmax(v, 1)[t] * Math.Log(Softmax(z, 1)[t]) - gamma * temperature * temperature * others;
        });
        Assert.Equal(expected, Value(new NormalisedTerm { Temperature = temperature, Gamma = gamma }), 9);
    }

    [Fact]
    public void HardDistillation_OfRandomLogits_EqualsItsFormula()
    {
        var expected = MeanOverRows((z, v, _) => -Math.Log(Softmax(z, 1)[Array.IndexOf(v, v.Max())]));
        Assert.Equal(expected, Value(new HardDistillationTerm()), 9);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1.5)]
    public void OneForAll_OfRandomLogits_EqualsItsFormula(double temperature, double gamma)
    {
        var expected = MeanOverRows((z, v, t) =>
        {
            var (p, q) = (Softmax(v, temperature), Softmax(z, temperature));
            return -Enumerable.Range(0, Classes).Sum(k => k == t
                ? (Math.Pow(1 + p[k], gamma) - 1) * Math.Log(q[k])
                : Math.Pow(p[k], gamma) * Math.Log(q[k]));
        });
        Assert.Equal(expected, Value(new OneForAllTerm { Temperature = temperature, Gamma = gamma }), 9);
    }

    [Fact]
    public void Soft_Standardised_EqualsItsFormula()
    {
        var expected = MeanOverRows((z, v, _) =>
        {
            var (p, q) = (Softmax(Standard(v), 2), Softmax(Standard(z), 2));
            return 4 * p.Zip(q, (own, other) => own * Math.Log(own / other)).Sum();
        });
        Assert.Equal(expected, Value(new SoftTerm { Temperature = 2, Standardise = true }), 9);
    }

    public static TheoryData<Term> Terms =>
    [
        new SoftTerm { Temperature = 3 }, new SoftTerm { Temperature = 2, Standardise = true }, new DecoupledTerm(), new CorrelationTerm(),
        new NormalisedTerm { Temperature = 2 }, new HardDistillationTerm(), new OneForAllTerm(), new LogitMatchingTerm(), new HardTerm(),
    ];

    [Theory]
    [MemberData(nameof(Terms))]
    public void Gradient_OfEachTerm_EqualsFiniteDifferences(Term term)
    {
        const double Step = 1e-5;
        var logits = Matrix(Student).requires_grad_(true);
        term.Compute(logits, new DenseScores(Matrix(Teacher)), Targets()).backward();
        var expected = Enumerable.Range(0, Rows * Classes).Select(i => (Shifted(i, Step) - Shifted(i, -Step)) / (2 * Step)).ToArray();
        Near.Equal(expected, logits.grad!.data<double>().ToArray(), 1e-6);

        double Shifted(int index, double by)
        {
            var moved = Student.Select(row => row.ToArray()).ToArray();
            moved[index / Classes][index % Classes] += by;
            return term.Compute(Matrix(moved), new DenseScores(Matrix(Teacher)), Targets()).item<double>();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Decoupled_OfLabelsThatAreNotOneKnownClass_IsRefused(bool areMixed)
    {
        var labels = areMixed
            ? new LabelTargets(torch.tensor(new long[] { 0, 1, 2, 3 }), torch.tensor(new long[] { 1, 1, 1, 1 }), torch.ones(4))
            : new LabelTargets(torch.tensor(new long[] { 0, 1, -1, 3 }), AllKnown: false);
        Assert.Contains("one known class", Assert.Throws<InputException>(() =>
            new DecoupledTerm().Compute(Matrix(Student), new DenseScores(Matrix(Teacher)), labels)).Message);
    }

    private static double Value(Term term) => term.Compute(Matrix(Student), new DenseScores(Matrix(Teacher)), Targets()).item<double>();

    private static LabelTargets Targets() => new(torch.tensor(Array.ConvertAll(Labels, label => (long)label)));

    private static double MeanOverRows(Func<double[], double[], int, double> value) =>
        Enumerable.Range(0, Rows).Average(row => value(Student[row], Teacher[row], Labels[row]));

    private static IEnumerable<int> Others(int label) => Enumerable.Range(0, Classes).Where(k => k != label);

    private static double[] Softmax(double[] logits, double temperature)
    {
        var weights = Array.ConvertAll(logits, logit => Math.Exp(logit / temperature));
        return Array.ConvertAll(weights, weight => weight / weights.Sum());
    }

    private static double[] Standard(double[] values)
    {
        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return Array.ConvertAll(values, value => (value - mean) / deviation);
    }

    private static double Pearson(double[] x, double[] y)
    {
        var (a, b) = (x.Average(), y.Average());
        var covariance = x.Zip(y, (u, w) => (u - a) * (w - b)).Sum();
        return covariance / Math.Sqrt(x.Sum(u => (u - a) * (u - a)) * y.Sum(w => (w - b) * (w - b)));
    }

    private static double[][] Chunk(float[] values) => [.. values.Select(value => (double)value).Chunk(Classes)];

    private static torch.Tensor Matrix(double[][] rows) => torch.tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]);
}
