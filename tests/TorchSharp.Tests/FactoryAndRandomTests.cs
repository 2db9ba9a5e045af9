using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace OnnxKd.TorchSharp.Tests;

public class FactoryAndRandomTests
{
    [Fact]
    public void Factories_WithoutType_UseTheDefaultOne()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(ScalarType.Float32, zeros(2, 3).dtype);
        Assert.Equal(ScalarType.Float32, full([2], 1).dtype);
        Assert.Equal(ScalarType.Int64, arange(3).dtype);
        Assert.Equal(ScalarType.Float32, arange(0, 1, 0.5).dtype);
        Assert.Equal(ScalarType.Float64, ones(2, dtype: ScalarType.Float64).dtype);
        set_default_dtype(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, empty(2).dtype);
        set_default_dtype(ScalarType.Float32);
    }

    [Fact]
    public void Factories_FillAsTheySay()
    {
        using var scope = NewDisposeScope();
        Expect.Close(arange(5, 0, -2), [5, 3, 1]);
        Expect.Close(linspace(0, 1, 3), [0, 0.5, 1]);
        Expect.Close(eye(2, 3), [1, 0, 0, 0, 1, 0]);
        Expect.Close(full(2, 2, 7), [7, 7, 7, 7]);
        Expect.Close(full_like(ones(2), 3), [3, 3]);
        Assert.Equal([1, 2, 3, 4], zeros(1, 2, 3, 4).shape);
        Assert.Equal([], zeros([]).shape);
        Assert.True(ones(2, requires_grad: true).requires_grad);
        Assert.Throws<NotSupportedException>(() => zeros(2, names: ["N"]));
    }

    [Fact]
    public void ManualSeed_Repeated_GivesTheSameNumbers()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        Tensor[] first = [rand(4), randn(4), randint(100, [4]), randperm(6), F.dropout(ones(64)), ones(8).bernoulli_(0.5)];
        manual_seed(5);
        Tensor[] second = [rand(4), randn(4), randint(100, [4]), randperm(6), F.dropout(ones(64)), ones(8).bernoulli_(0.5)];
        foreach (var (a, b) in first.Zip(second))
            Expect.Close(a, b, 0);
        Assert.False(rand(4).Equals(first[0]));
    }

    [Fact]
    public void Generator_OfItsOwn_LeavesTheDefaultOneAlone()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        manual_seed(1);
        var expected = rand(3);
        manual_seed(1);
        var own = rand([3], generator: generator);
        Expect.Close(rand(3), expected, 0);

        generator.manual_seed(3);
        Expect.Close(rand([3], generator: generator), own, 0);
        Assert.Equal(3, generator.initial_seed());

        var state = generator.get_state();
        var next = randn([3], generator: generator);
        generator.set_state(state);
        Expect.Close(randn([3], generator: generator), next, 0);
    }

    [Fact]
    public void Samples_HaveTheirDistributionsMoments()
    {
        manual_seed(11);
        using var scope = NewDisposeScope();
        const int Count = 40_000;
        Expect.Close(stack([rand(Count).mean(), rand(Count).var()]), [0.5, 1 / 12.0], 0.02);
        Expect.Close(stack([randn(Count).mean(), randn(Count).std()]), [0, 1], 0.02);
        Expect.Close(empty(Count).uniform_(-1, 3).mean(), [1], 0.05);
        Expect.Close(empty(Count).normal_(2, 0.5).mean(), [2], 0.02);
        Expect.Close(empty(Count).exponential_(4).mean(), [0.25], 0.02);
        Expect.Close(randint(2, 5, [Count]).@float().mean(), [3], 0.05);
        Assert.Equal(3, multinomial(tensor(new[] { 0f, 0, 0, 1 }), 1).item<long>());
    }

    [Fact]
    public void Dropout_InTraining_ScalesWhatItKeeps_AndElseDoesNothing()
    {
        manual_seed(1);
        using var scope = NewDisposeScope();
        var x = ones(10_000);
        var dropped = F.dropout(x, 0.25);
        Assert.Equal([0f, 4 / 3f], dropped.unique().Item1.data<float>().ToArray());
        Expect.Close(dropped.mean(), [1], 0.03);
        Expect.Close(F.dropout(x, 0.25, training: false), x, 0);

        var channels = F.dropout2d(ones(8, 16, 2, 2));
        Assert.Equal([0f, 2f], channels.unique().Item1.data<float>().ToArray());
        Expect.Close(channels.amax([2, 3]), channels.amin([2, 3]), 0);
    }

    [Fact]
    public void Threads_SetAndGet_Agree()
    {
        var before = get_num_threads();
        set_num_threads(2);
        Assert.Equal(2, get_num_threads());
        using (var x = ones(300, 300))
            Expect.Close(x.matmul(x).mean(), [300]);
        set_num_threads(before);
    }

    [Fact]
    public void Operators_OnManyThreads_GiveTheSameResult()
    {
        using var weight = randn(32, 32);
        using var expected = weight.matmul(weight).tanh().sum();
        Parallel.For(0, 16, _ =>
        {
            using var scope = NewDisposeScope();
            for (var round = 0; round < 20; round++)
                Expect.Close(weight.matmul(weight).tanh().sum(), expected, 1e-3);
        });
    }

    [Fact]
    public void UseDeterministicAlgorithms_UntilDisposed_IsOn()
    {
        using (use_deterministic_algorithms())
            Assert.True(are_deterministic_algorithms_enabled());
        Assert.False(are_deterministic_algorithms_enabled());
    }
}
