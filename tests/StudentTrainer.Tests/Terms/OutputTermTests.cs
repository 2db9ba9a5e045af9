using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Terms;

/// <summary>Terms over labels, values and embeddings, against their formulas worked out in plain double precision, and finite differences.</summary>
public sealed class OutputTermTests : IDisposable
{
    private const int Rows = 4;
    private const int Columns = 3;

    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly double[] student = Draw(1);
    private readonly double[] teacher = Draw(2);

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Binary_IsTheMeanDivergenceOfEachLabel(double temperature)
    {
        var expected = student.Zip(teacher, (z, v) =>
        {
            var (q, p) = (Sigmoid(z / temperature), Sigmoid(v / temperature));
            return p * Math.Log(p / q) + (1 - p) * Math.Log((1 - p) / (1 - q));
        }).Average() * temperature * temperature;
        Assert.Equal(expected, Value(new BinaryTerm { Temperature = temperature }, student), 10);
    }

    [Fact]
    public void Binary_OfFarLogits_StaysFinite()
    {
        var far = teacher.Select(v => 200 * v).ToArray();
        using var value = new BinaryTerm().Compute(Signals(Matrix(student.Select(z => -200 * z).ToArray()), new TargetTensor(Matrix(far))));
        Assert.True(double.IsFinite(value.item<double>()));
    }

    [Fact]
    public void Values_CountInUnitsOfTheTeachersSpread()
    {
        float[] spread = [2, 0.5f, 10];
        double[] scaled = [.. student.Select((z, i) => (z - teacher[i]) / spread[i % Columns])];
        var target = new TargetTensor(Matrix(teacher), Values(new(spread)));

        Assert.Equal(scaled.Average(d => d * d), Value(new SquaredErrorTerm(), student, target), 10);
        Assert.Equal(scaled.Average(Math.Abs), Value(new AbsoluteErrorTerm(), student, target), 10);
        Assert.Equal(scaled.Average(d => Math.Abs(d) <= 0.3 ? d * d / 2 : 0.3 * (Math.Abs(d) - 0.15)), Value(new HuberTerm { Delta = 0.3 }, student, target), 10);
        Assert.Equal(
            student.Zip(teacher, (z, v) => (z - v) * (z - v)).Average(), Value(new SquaredErrorTerm { Standardise = false }, student, target), 10);
    }

    /// <summary>The second column is compared by sign(z) · ln(1 + |z|), z = (value − 0.25) ÷ 0.125, unless the term says otherwise.</summary>
    [Fact]
    public void Values_OfColumnsOverOrdersOfMagnitude_CountByTheirLogarithms()
    {
        var form = Values(new([2, 0.5f, 10]), new([2, 0.75f, 10], new() { Centre = [0, 0.25f, 0], Unit = [0, 0.125f, 0] }));
        var target = new TargetTensor(Matrix(teacher), form);
        double[] plain = [.. student.Select((z, i) => (z - teacher[i]) / (i % Columns) switch { 0 => 2, 1 => 0.5, _ => 10 })];
        double[] pulled = [.. plain.Select((d, i) => i % Columns == 1 ? (Log(student[i]) - Log(teacher[i])) / 0.75 : d)];

        Assert.Equal(pulled.Average(d => d * d), Value(new SquaredErrorTerm(), student, target), 6);
        Assert.Equal(plain.Average(d => d * d), Value(new SquaredErrorTerm { PullIn = false }, student, target), 6);
        Assert.Equal(
            student.Zip(teacher, (z, v) => (z - v) * (z - v)).Average(), Value(new SquaredErrorTerm { Standardise = false }, student, target), 10);

        static double Log(double value) => Math.CopySign(Math.Log(1 + Math.Abs((value - 0.25f) / 0.125f)), value - 0.25f);
    }

    [Fact]
    public void Cosine_IsOneMinusTheMeanCosine()
    {
        var expected = 1 - student.Chunk(Columns).Zip(teacher.Chunk(Columns), (a, b) =>
            a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(y => y * y))).Average();
        Assert.Equal(expected, Value(new CosineTerm(), student), 10);
    }

    [Fact]
    public void Hard_WithALabelForEachColumn_IsBinaryCrossEntropyOfTheKnownOnes()
    {
        long[] labels = [1, 0, -1, 0, 0, 1, 1, 1, 0, -1, 0, 1];
        var known = Enumerable.Range(0, labels.Length).Where(i => labels[i] >= 0);
        var expected = known.Average(i => -Math.Log(Sigmoid(labels[i] == 1 ? student[i] : -student[i])));
        var signals = new TermSignals(
            new Dictionary<string, torch.Tensor> { [SignalUse.StudentKey] = Matrix(student) }, new Dictionary<string, StreamSignal>(),
            new LabelTargets(torch.tensor(labels), AllKnown: false), 0);
        Assert.Equal(expected, new HardTerm().Compute(signals).item<double>(), 10);
    }

    public static TheoryData<Term> Terms => new(
        new BinaryTerm { Temperature = 2 }, new SquaredErrorTerm(), new SquaredErrorTerm { PullIn = false }, new AbsoluteErrorTerm(), new HuberTerm { Delta = 0.3 }, new CosineTerm());

    [Theory]
    [MemberData(nameof(Terms))]
    public void Gradient_EqualsFiniteDifferences(Term term)
    {
        const double Step = 1e-5;
        using var x = Matrix(student).requires_grad_();
        var target = new TargetTensor(Matrix(teacher), Values(new([2, 0.5f, 10]), new([2, 0.75f, 10], new() { Centre = [0, 0.25f, 0], Unit = [0, 0.125f, 0] })));
        term.Compute(Signals(x, target)).backward();
        for (var i = 0; i < student.Length; i++)
        {
            double At(double change) => Value(term, [.. student.Select((z, j) => j == i ? z + change : z)], target);
            Assert.Equal((At(Step) - At(-Step)) / (2 * Step), x.grad![i / Columns, i % Columns].item<double>(), 6);
        }
    }

    [Fact]
    public void Reading_NamesTheTermsOfAKind()
    {
        Assert.Equal(["binary"], TermTable.Reading(SignalKind.LabelScores));
        Assert.Equal(["mse", "mae", "huber"], TermTable.Reading(SignalKind.Values));
        Assert.Contains("cosine", TermTable.Reading(SignalKind.Embedding));
        Assert.DoesNotContain("soft", TermTable.Reading(SignalKind.LabelScores | SignalKind.Values | SignalKind.Embedding));
    }

    private static OutputForm Values(ValueScale scale, ValueScale? pulledIn = null) => new(Sets.Logits("values", [Columns]) with { Kind = StreamKind.Value }) { Scale = scale, PulledIn = pulledIn };

    private double Value(Term term, double[] values, TargetTensor? target = null) =>
        term.Compute(Signals(Matrix(values), target ?? new TargetTensor(Matrix(teacher)))).item<double>();

    private static TermSignals Signals(torch.Tensor student, TargetTensor target) => new(
        new Dictionary<string, torch.Tensor> { [SignalUse.StudentKey] = student },
        new Dictionary<string, StreamSignal> { [SignalUse.TeacherKey] = target }, null, 0);

    private static torch.Tensor Matrix(double[] values) => torch.tensor(values, [Rows, Columns]);

    private static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));

    private static double[] Draw(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Rows * Columns).Select(_ => random.NextDouble() * 4 - 2)];
    }
}
