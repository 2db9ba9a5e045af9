using OnnxKd.StudentTrainer.Cpu;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Cpu;

public class ChannelsLastTests
{
    [Theory]
    [InlineData(2, 3, 4, 5)]
    [InlineData(1, 3, 4, 5)]
    [InlineData(2, 1, 4, 5)]
    [InlineData(2, 3, 1, 1)]
    public void Of_Images_KeepsValuesAndPutsChannelsInnermost(long n, long c, long h, long w)
    {
        using var scope = NewDisposeScope();
        var x = arange(n * c * h * w, dtype: ScalarType.Float32).reshape(n, c, h, w);

        var result = ChannelsLast.Of(x);

        Assert.Equal(x.shape, result.shape);
        Assert.Equal(x.data<float>().ToArray(), result.data<float>().ToArray());
        Assert.Equal([1, w * c, c], result.stride()[1..].Select((stride, i) => i == 0 || result.shape[i + 1] > 1 ? stride : i == 1 ? w * c : c));
    }

    [Fact]
    public void Of_ImagesInThatLayout_CopiesNothing()
    {
        using var scope = NewDisposeScope();
        var x = ChannelsLast.Of(zeros(2, 3, 4, 5));

        Assert.Same(x, ChannelsLast.Of(x));
    }

    [Fact]
    public void Of_WhatHasNoKernelsForIt_StaysAsItIs()
    {
        using var scope = NewDisposeScope();
        var (sequence, wide) = (zeros(2, 3, 4), zeros(2, 3, 4, 5, dtype: ScalarType.Float64));

        Assert.Same(sequence, ChannelsLast.Of(sequence));
        Assert.Same(wide, ChannelsLast.Of(wide));
    }
}
