using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>Tensors that want gradients, and their twins in float64 for libtorch's own operators.</summary>
internal static class Leaves
{
    /// <summary>Seeded float32 numbers between −1 and 1.</summary>
    public static Tensor Random(long[] shape, int seed) =>
        tensor(Numbers.Uniform(seed, (int)shape.Aggregate(1L, (n, size) => n * size), -1, 1), shape).requires_grad_(true);

    /// <summary>The same numbers in float64, without the history.</summary>
    public static Tensor Exact(Tensor x) => x.detach().to(float64).requires_grad_(true);

    /// <summary>Requires the shape of float64's result, and its values within a rounding error.</summary>
    public static void RequireNear(Tensor expected, Tensor found, double tolerance)
    {
        Assert.Equal(expected.shape, found.shape);
        var error = (expected - found).abs().max().item<double>();
        Assert.True(error < tolerance, $"error {error:g3}, not below {tolerance:g3}");
    }
}
