using BFloat16 = OnnxKd.Core.LogitCaches.BFloat16;
using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Losses.Rows;
using OnnxKd.StudentTrainer.Losses.Targets;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Losses.Rows;

/// <summary>Terms computed row by row in float32, against autograd in float64, on targets read from caches as they are stored.</summary>
public sealed class RowPassTests : IDisposable
{
    private const int Samples = 6;

    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly TemporaryFolder folder = new();
    private readonly List<TargetBuffers> buffers = []; // which batches lie in

    public void Dispose()
    {
        buffers.ForEach(buffer => buffer.Dispose());
        scope.Dispose();
        folder.Dispose();
    }

    public static TheoryData<StreamStorage, int, double> Storages
    {
        get
        {
            var cases = new TheoryData<StreamStorage, int, double>();
            foreach (var (classes, temperature) in new[] { (2, 1.0), (10, 4), (37, 0.5), (1003, 2), (66_000, 20) })
            {
                StreamStorage[] all =
                [
                    new Float32(), new Float16(), new BFloat16(), new Int8(), new TopK(1, [0.25, temperature]),
                    new TopK(Math.Min(classes - 1, 30), [temperature]), new TopK(Math.Min(classes, 30), []), new Sampled(25, temperature),
                ];
                foreach (var storage in all)
                    cases.Add(storage, classes, temperature);
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Storages))]
    public void Soft_OfEveryStorage_EqualsAutograd(StreamStorage storage, int classes, double temperature) =>
        RequireEqual([Soft(temperature) with { Weight = WeightSchedule.Constant(0.7) }], Read([classes], storage), classes);

    [Theory]
    [MemberData(nameof(Storages))]
    public void Soft_OfPositionsThatCount_EqualsAutograd(StreamStorage storage, int classes, double temperature) =>
        RequireEqual([Soft(temperature)], Read([3, classes], storage, [1, 3, 2, 2, 1, 3]), 3, classes);

    [Theory]
    [InlineData(10)]
    [InlineData(1003)]
    public void Terms_OfAllKindsTogether_EqualAutograd(int classes)
    {
        foreach (var storage in new StreamStorage[] { new Float32(), new Float16(), new Int8() })
        {
            TermOptions[] terms =
            [
                new() { Name = "soft", Temperature = 3, Weight = WeightSchedule.Constant(0.9) },
                new() { Name = "hard", Weight = WeightSchedule.Constant(0.1) },
                new() { Name = "logit-matching", Weight = WeightSchedule.Constant(2) },
            ];
            RequireEqual(terms, Read([classes], storage), classes);
        }
    }

    /// <summary>The student's logits transposed: its rows do not lie one after the other.</summary>
    [Fact]
    public void Soft_OfLogitsThatAreAView_EqualsAutograd()
    {
        var objective = new Objective([new() { Name = "soft", Temperature = 2 }]);
        var batch = Read([5], new Float32());
        var values = torch.tensor(Numbers.Uniform(7, 5 * Samples, -9, 9), [5, Samples]);
        var (gradient, _) = objective.Differentiate(batch.Inputs(values.t().requires_grad_(true)), 0);
        var (expected, _) = objective.Differentiate(batch.Inputs(values.t().contiguous().requires_grad_(true)), 0);
        Assert.Equal(expected.data<float>().ToArray(), gradient.data<float>().ToArray());
    }

    [Fact]
    public void Run_OnAnyNumberOfThreads_GivesTheSameBytes()
    {
        var student = torch.tensor(Numbers.Uniform(1, 300 * 1003, -9, 9), [300, 1003]);
        var targets = new DenseTargets(torch.tensor(Numbers.Uniform(2, 300 * 1003, -9, 9), [300, 1003]));
        var results = new[] { 1, 2, 3, 4 }.Select(threads =>
        {
            using var _ = new Threads(threads);
            var (gradient, values) = RowPass.Run(student, [targets.SoftRows(4), targets.MatchingRows()], [0.5, 0.25]);
            return values.Concat(gradient.data<float>().ToArray().Select(slope => (double)slope)).ToArray();
        }).ToArray();
        Assert.All(results, result => Assert.Equal(results[0], result));
    }

    [Fact]
    public void TopK_WhenStudentLeavesNothingToTail_StaysFinite()
    {
        var targets = new TopKTargets(
            torch.tensor(new[] { 0L }, [1, 1]), torch.tensor(new[] { 0f }, [1, 1]), torch.tensor(new[] { 0f }, [1, 1]), [1]);
        var (gradient, values) = RowPass.Run(torch.tensor(new[] { 200f, -200, -200, -200 }, [1, 4]), [targets.SoftRows(1)], [1]);

        // Half of the mass on each side: the student's tail has log-mass ln 3 − 400.
        Assert.Equal(Math.Log(0.5) - 0.5 * (Math.Log(3) - 400), values[0], 1e-3);
        Near.Equal([0.5f, -1 / 6f, -1 / 6f, -1 / 6f], gradient.data<float>().ToArray(), 1e-6);
    }

    [Fact]
    public void Soft_OfLogitsThatAreNotNumbers_IsNotANumber()
    {
        var targets = new DenseTargets(torch.zeros([1, 40]));
        var student = torch.tensor([.. Numbers.Uniform(1, 39), float.NaN], [1, 40]);
        var (gradient, values) = RowPass.Run(student, [targets.SoftRows(2)], [1]);
        Assert.True(double.IsNaN(values[0]));
        Assert.All(gradient.data<float>().ToArray(), slope => Assert.True(float.IsNaN(slope)));
    }

    private static TermOptions Soft(double temperature) => new() { Name = "soft", Temperature = temperature };

    private static void RequireEqual(TermOptions[] terms, Batch batch, params long[] shape)
    {
        var objective = new Objective(terms);
        var count = (int)shape.Aggregate((long)Samples, (product, size) => product * size);
        var logits = torch.tensor(Numbers.Uniform(3, count, -9, 9), [Samples, .. shape]);
        var (gradient, parts) = Gradient(logits);
        var (expected, expectedParts) = Gradient(logits.to(torch.float64));

        // A soft term is T² times a difference of numbers of the size of log classes, each to float32's rounding.
        var size = terms.Max(term => term.Temperature * term.Temperature) * Math.Max(1, Math.Log(shape[^1]));
        for (var i = 0; i < parts.Length; i++)
            Assert.Equal(expectedParts[i], parts[i], 2e-7 * Math.Max(size, Math.Abs(expectedParts[i])));

        // A component is a weighted difference of numbers up to weight · T ÷ rows, each to float32's rounding of its exponent: 20 · 6e-8.
        Near.Equal(expected, gradient, 4e-6 * expected.Max(Math.Abs), "gradient");

        (double[], double[]) Gradient(torch.Tensor values)
        {
            var leaf = values.clone().requires_grad_(true);
            var inputs = batch.Inputs(leaf);
            Assert.Equal(values.dtype == torch.float32, RowPass.Fits(inputs.Logits));
            var (slope, figures) = objective.Differentiate(inputs, 0);
            inputs.Logits.backward([slope]);
            return (leaf.grad!.to(torch.float64).data<double>().ToArray(), figures.to(torch.float64).data<double>().ToArray());
        }
    }

    /// <summary>A batch of a cache's targets; of each sample as many positions count as its length says.</summary>
    private Batch Read(int[] shape, StreamStorage storage, int[]? lengths = null)
    {
        using var set = Sets.Create(folder, "set", Numbers.Uniform(6, Samples), [1]);
        var stream = Sets.Logits("logits", shape, storage);
        using var cache = Sets.Cache(folder, set, [(stream, Numbers.Uniform(5, Samples * stream.Values, -9, 9))]);
        buffers.Add(new(cache, TargetForm.Of(cache.Stream()), Samples, torch.CPU));
        buffers[^1].Fill([3, 0, 1, 5, 4, 2], 0);
        var counted = lengths is null ? null : torch.tensor(
            lengths.SelectMany((length, row) => Enumerable.Range(row * shape[0], length)).Select(position => (long)position).ToArray());
        var labels = Enumerable.Range(0, Samples).Select(row => row * 7L % shape[^1]).ToArray();
        return new(
            torch.zeros([Samples, 1]), new Dictionary<string, TeacherTargets> { ["logits"] = buffers[^1].ToDevice(Samples, counted) },
            new(torch.tensor(labels)), counted);
    }
}
