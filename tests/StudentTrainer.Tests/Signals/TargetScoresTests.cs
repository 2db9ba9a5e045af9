using OnnxKd.StudentTrainer.Signals;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Signals;

/// <summary>The soft loss on each form of targets, against its definition and against the dense one.</summary>
public sealed class TargetScoresTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<int, int, int, double> Cases => new()
    {
        // seed, classes, k, temperature
        { 1, 2, 1, 1 }, { 2, 5, 1, 2 }, { 3, 5, 4, 0.5 }, { 4, 17, 3, 4 }, { 5, 17, 16, 20 }, { 6, 300, 16, 1 }, { 7, 300, 16, 3 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void TopK_OfRandomRows_EqualsItsFormula(int seed, int classes, int k, double temperature)
    {
        var rows = new Rows(seed, 4, classes, temperature);
        var (loss, gradient) = rows.SoftLoss(rows.TopK(k));
        Assert.Equal(rows.DivergenceByHand(k), loss, 10);
        Near.Equal(rows.GradientByHand(k), gradient, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TopK_OfAllClasses_EqualsDense(int seed, int classes, int _, double temperature)
    {
        var rows = new Rows(seed, 6, classes, temperature);
        foreach (var (type, tolerance) in new[] { (torch.float64, 1e-13), (torch.float32, 2e-6) })
        {
            var (expected, expectedGradient) = rows.SoftLoss(rows.Dense, type);
            var (loss, gradient) = rows.SoftLoss(rows.TopK(classes), type);
            Assert.Equal(expected, loss, tolerance * Math.Max(1, expected));
            Near.Equal(expectedGradient, gradient, tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Dense_OfRandomRows_EqualsItsFormula(int seed, int classes, int _, double temperature)
    {
        var rows = new Rows(seed, 4, classes, temperature);
        var (loss, gradient) = rows.SoftLoss(rows.Dense);
        Assert.Equal(rows.DivergenceByHand(classes), loss, 10);
        Near.Equal(rows.GradientByHand(classes), gradient, 1e-12);
    }

    /// <summary>Teacher: 1/2 on class 0, 1/2 on the rest; student: a quarter each. KL = 1/2 ln 2 + 1/2 ln 2/3.</summary>
    [Theory]
    [InlineData(1.0, 1.0, 1.0)]
    [InlineData(2.5, 0.25, 0.25)]
    public void TopK_OfOneKept_ComparesMassOfTheTailOnly(double a, double b, double c)
    {
        var targets = new TopKScores(
            torch.tensor(new[] { 0L }, [1, 1]), torch.tensor(new[] { Math.Log(3) }, [1, 1]),
            torch.tensor(new[] { Math.Log(a + b + c) }, [1, 1]), [1]);
        var divergence = targets.Divergence(torch.zeros([1, 4], torch.float64), 1).item<double>();
        Assert.Equal(0.5 * Math.Log(2) + 0.5 * Math.Log(2.0 / 3), divergence, 12);
    }

    /// <summary>Teacher e : 1 on the kept classes, renormalised; the student's probabilities are those of all classes.</summary>
    [Fact]
    public void TopK_WithoutTail_RenormalisesTeacherAlone()
    {
        var targets = new TopKScores(
            torch.tensor(new[] { 2L, 0 }, [1, 2]), torch.tensor(new[] { 1.0, 0 }, [1, 2]), null, []);
        var p = Math.E / (Math.E + 1);
        var expected = p * Math.Log(4 * p) + (1 - p) * Math.Log(4 * (1 - p));
        Assert.Equal(expected, targets.Divergence(torch.zeros([1, 4], torch.float64), 1).item<double>(), 12);
    }

    /// <summary>The mass of the dropped classes at T = 4 says nothing of that at T = 1.</summary>
    [Fact]
    public void Knows_OfTopK_TheTemperaturesOfItsTailsAlone()
    {
        var rows = new Rows(11, 2, 9, temperature: 4);
        Assert.True(rows.TopK(3).Knows(4));
        Assert.False(rows.TopK(3).Knows(1));
        Assert.True(rows.Dense.Knows(1));
    }

    [Fact]
    public void Top_OfEachForm_IsTeachersFirstClass()
    {
        var rows = new Rows(10, 20, 9);
        var expected = rows.Teacher.Select(row => (long)Array.IndexOf(row, row.Max())).ToArray();
        Assert.Equal(expected, rows.Dense.Top.data<long>().ToArray());
        Assert.Equal(expected, rows.TopK(3).Top.data<long>().ToArray());
        var sampled = new SampledScores(torch.tensor(new[] { 7L, 2, 0 }, [1, 3]), torch.tensor(new[] { 3L, 5, 0 }, [1, 3]), 8);
        Assert.Equal([2L], sampled.Top.data<long>().ToArray());
    }

    [Fact]
    public void TopK_WhenStudentLeavesNothingToTail_StaysFinite()
    {
        var student = torch.tensor(new[] { 200f, -200, -200, -200 }, [1, 4], requires_grad: true);
        var targets = new TopKScores(
            torch.tensor(new[] { 0L }, [1, 1]), torch.tensor(new[] { 0f }, [1, 1]), torch.tensor(new[] { 0f }, [1, 1]), [1]);
        var loss = targets.Divergence(student, 1);
        loss.backward();

        // Half of the mass on each side: the student's tail has log-mass ln 3 − 400.
        Assert.Equal(Math.Log(0.5) - 0.5 * (Math.Log(3) - 400), loss.item<float>(), 1e-3);
        Near.Equal([0.5f, -1 / 6f, -1 / 6f, -1 / 6f], student.grad!.data<float>().ToArray(), 1e-6);
    }

    /// <summary>The divergence from p = count ÷ draws: Σ p (log p − log q), mean over rows, times T².</summary>
    [Fact]
    public void Sampled_OfCountsByHand_EqualsItsFormula()
    {
        var rows = new Rows(8, 2, 5, temperature: 2);
        var (q0, q1) = (rows.Softmax(rows.Student[0]), rows.Softmax(rows.Student[1]));
        var targets = new SampledScores(
            torch.tensor(new[] { 3L, 1, 0, 4, 0, 0 }, [2, 3]), torch.tensor(new short[] { 5, 3, 0, 8, 0, 0 }, [2, 3]), 8);
        var expected = 4 * (5 / 8.0 * Math.Log(5 / 8.0 / q0[3]) + 3 / 8.0 * Math.Log(3 / 8.0 / q0[1]) - Math.Log(q1[4])) / 2;
        Assert.Equal(expected, rows.SoftLoss(targets).Loss, 12);
    }

    [Theory]
    [InlineData(1, 6, 1)]
    [InlineData(2, 6, 3)]
    [InlineData(3, 40, 2)]
    public void Sampled_OverManyDraws_HasDenseGradientOnAverage(int seed, int classes, double temperature)
    {
        const int Trials = 2000;
        var rows = new Rows(seed, 2, classes, temperature, spread: 2);
        var dense = rows.SoftLoss(rows.Dense).Gradient;
        var random = new Random(seed);
        var (sum, squares) = (new double[dense.Length], new double[dense.Length]);
        for (var trial = 0; trial < Trials; trial++)
        {
            var gradient = rows.SoftLoss(rows.Sampled(random, draws: 10)).Gradient;
            for (var j = 0; j < dense.Length; j++)
            {
                sum[j] += gradient[j];
                squares[j] += gradient[j] * gradient[j];
            }
        }
        for (var j = 0; j < dense.Length; j++)
        {
            var mean = sum[j] / Trials;
            var standardError = Math.Sqrt((squares[j] / Trials - mean * mean) / (Trials - 1));

            // Five standard errors: chance alone fails one component in two million.
            Assert.InRange(mean - dense[j], -5 * standardError, 5 * standardError);
        }
    }

    [Theory]
    [InlineData("dense")]
    [InlineData("top-k")]
    [InlineData("sampled")]
    public void Gradient_OfEachForm_EqualsFiniteDifferences(string form)
    {
        const double Step = 1e-5;
        var rows = new Rows(9, 3, 7, temperature: 3);
        var targets = form switch
        {
            "dense" => rows.Dense,
            "top-k" => rows.TopK(3),
            _ => rows.Sampled(new(1), 12),
        };
        var gradient = rows.SoftLoss(targets).Gradient;
        for (var i = 0; i < gradient.Length; i++)
        {
            var slope = (Shifted(i, Step) - Shifted(i, -Step)) / (2 * Step);
            Assert.Equal(slope, gradient[i], 1e-8);
        }

        double Shifted(int index, double by)
        {
            ref var value = ref rows.Student[index / rows.Classes][index % rows.Classes];
            var before = value;
            value += by;
            var loss = rows.SoftLoss(targets).Loss;
            value = before;
            return loss;
        }
    }
}
