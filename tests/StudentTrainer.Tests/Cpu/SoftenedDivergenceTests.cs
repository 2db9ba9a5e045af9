using OnnxKd.StudentTrainer.Cpu;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Cpu;

/// <summary>The divergence row by row against the plain form in float64.</summary>
public sealed class SoftenedDivergenceTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(ScalarType.Float32, 2, 1)]
    [InlineData(ScalarType.Float32, 10, 4)]
    [InlineData(ScalarType.Float16, 37, 0.5)]
    [InlineData(ScalarType.BFloat16, 1003, 2)]
    [InlineData(ScalarType.Float32, 66_000, 20)]
    public void Of_TeachersLogits_EqualsThePlainForm(ScalarType stored, int classes, double temperature)
    {
        const int Rows = 7;
        var teacher = tensor(Numbers.Uniform(2, Rows * classes, -9, 9), [Rows, classes]).to(stored);
        var student = tensor(Numbers.Uniform(1, Rows * classes, -9, 9), [Rows, classes]).requires_grad_(true);
        var exact = student.detach().to(float64).requires_grad_(true);

        Assert.True(SoftenedDivergence.Suits(student, teacher));
        Assert.False(SoftenedDivergence.Suits(exact, teacher));
        var sum = SoftenedDivergence.Of(student, teacher, temperature);
        var expected = Plain(exact, teacher.to(float64), temperature);
        sum.mul(3).backward();
        expected.mul(3).backward();

        // A row is a difference of numbers of the size of log classes, each to float32's rounding.
        var (actualSum, expectedSum) = (sum.item<float>(), expected.item<double>());
        Assert.Equal(expectedSum, actualSum, 2e-7 * Math.Max(Math.Abs(expectedSum), Rows * Math.Max(1, Math.Log(classes))));

        // A component is a difference of numbers up to 3 ÷ T, each to float32's rounding of its exponent: 20 · 6e-8.
        var slopes = exact.grad!.data<double>().ToArray();
        Near.Equal(slopes, student.grad!.to(float64).data<double>().ToArray(), 4e-6 * slopes.Max(Math.Abs), "gradient");
    }

    /// <summary>The student's logits transposed: its rows do not lie one after the other.</summary>
    [Fact]
    public void Of_LogitsThatAreAView_EqualsThatOfTheCopy()
    {
        var teacher = tensor(Numbers.Uniform(2, 5 * 6, -9, 9), [6, 5]);
        var columns = tensor(Numbers.Uniform(1, 5 * 6, -9, 9), [5, 6]);
        var (view, copy) = (columns.t().requires_grad_(true), columns.t().contiguous().requires_grad_(true));

        SoftenedDivergence.Of(view, teacher, 2).backward();
        SoftenedDivergence.Of(copy, teacher, 2).backward();

        Assert.Equal(copy.grad!.data<float>().ToArray(), view.grad!.data<float>().ToArray());
    }

    [Fact]
    public void Of_AnyNumberOfThreads_GivesTheSameBytes()
    {
        var teacher = tensor(Numbers.Uniform(2, 300 * 1003, -9, 9), [300, 1003]);
        var results = new[] { 1, 2, 3, 4 }.Select(threads =>
        {
            using var _ = new Threads(threads);
            var student = tensor(Numbers.Uniform(1, 300 * 1003, -9, 9), [300, 1003]).requires_grad_(true);
            var sum = SoftenedDivergence.Of(student, teacher, 4);
            sum.backward();
            return student.grad!.data<float>().ToArray().Append(sum.item<float>()).ToArray();
        }).ToArray();
        Assert.All(results, result => Assert.Equal(results[0], result));
    }

    [Fact]
    public void Of_LogitsThatAreNotNumbers_IsNotANumber()
    {
        var student = tensor([.. Numbers.Uniform(1, 39), float.NaN], [1, 40]).requires_grad_(true);
        var sum = SoftenedDivergence.Of(student, zeros([1, 40]), 2);
        sum.backward();
        Assert.True(float.IsNaN(sum.item<float>()));
        Assert.All(student.grad!.data<float>().ToArray(), slope => Assert.True(float.IsNaN(slope)));
    }

    [Fact]
    public void Suits_WhatItIsNotMadeFor_IsFalse()
    {
        Assert.False(SoftenedDivergence.Suits(zeros(2, 3), zeros(2, 4)));
        Assert.False(SoftenedDivergence.Suits(zeros(0, 3), zeros(0, 3)));
        Assert.False(SoftenedDivergence.Suits(zeros(2, 3), zeros(2, 3, dtype: int8)));
        Assert.False(SoftenedDivergence.Suits(zeros(2, 3), zeros(2, 3).requires_grad_(true)));
    }

    private static Tensor Plain(Tensor student, Tensor teacher, double temperature) => nn.functional.kl_div(
        student.div(temperature).log_softmax(1), teacher.div(temperature).log_softmax(1), log_target: true, reduction: nn.Reduction.Sum);
}
