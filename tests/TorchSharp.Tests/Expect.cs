using TorchSharp;
using static TorchSharp.torch;

[assembly: CollectionBehavior(DisableTestParallelization = true)] // live tensors are counted per process

namespace OnnxKd.TorchSharp.Tests;

/// <summary>Comparisons that say where and by how much a tensor differs. NaN equals nothing.</summary>
internal static class Expect
{
    internal static void Close(Tensor actual, double[] expected, double tolerance = 1e-6)
    {
        using var values = actual.to(ScalarType.Float64, CPU, copy: true);
        var found = values.data<double>().ToArray();
        Assert.Equal(expected.Length, found.Length);
        if (found.Length == 0)
            return;
        var errors = found.Zip(expected, Error).ToArray();
        var worst = Array.IndexOf(errors, errors.Max());
        Assert.True(
            errors[worst] <= tolerance,
            $"Error {errors[worst]:g4} at {worst}: found {found[worst]:g9}, expected {expected[worst]:g9}; allowed: {tolerance:g2}");
    }

    private static double Error(double found, double expected) =>
        found == expected ? 0 : double.IsNaN(found - expected) ? double.PositiveInfinity : Math.Abs(found - expected);

    internal static void Close(Tensor actual, Tensor expected, double tolerance = 1e-6)
    {
        Assert.Equal(expected.shape, actual.shape);
        Close(actual, expected.to(ScalarType.Float64).data<double>().ToArray(), tolerance);
    }

    /// <summary>The gradient of a scalar function of doubles equals central differences.</summary>
    internal static void GradientMatches(Func<Tensor, Tensor> function, Tensor at, double step = 1e-5, double tolerance = 1e-6)
    {
        using var x = at.detach().to(ScalarType.Float64, copy: true).requires_grad_();
        Scalarize(function(x)).backward();

        var probe = x.detach().clone();
        var cells = probe.data<double>();
        var expected = new double[cells.Count];
        for (var i = 0L; i < cells.Count; i++)
        {
            var before = cells[i];
            cells[i] = before + step;
            var above = Scalarize(function(probe)).item<double>();
            cells[i] = before - step;
            var below = Scalarize(function(probe)).item<double>();
            cells[i] = before;
            expected[i] = (above - below) / (2 * step);
        }
        Close(x.grad!, expected, tolerance);
    }

    /// <summary>Weights the elements differently, so that gradients which swap them are caught.</summary>
    private static Tensor Scalarize(Tensor output) =>
        output.flatten().mul(linspace(0.5, 1.5, output.numel(), ScalarType.Float64)).sum();
}
