using OnnxKd.Core.Preparation;

namespace OnnxKd.Core.Tests.Preparation;

public sealed class BatchSizeTests
{
    [Theory]
    [InlineData(784, 10, 256)]
    [InlineData(1_000_000, 10, 4)]
    [InlineData(10, 1_000_000, 4)]
    [InlineData(int.MaxValue, int.MaxValue, 1)]
    public void For_LargeSamplesOrOutputs_IsAFewMegabytes(int sample, int output, int expected) => Assert.Equal(expected, BatchSize.For(sample, output));
}
