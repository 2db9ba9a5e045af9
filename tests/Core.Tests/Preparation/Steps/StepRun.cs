using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Tests.Preparation.Steps;

/// <summary>Runs one step on one sample.</summary>
internal static class StepRun
{
    /// <summary>The stream of a view, as steps draw from it.</summary>
    public static CounterRandom Stream(long id = 0, uint view = 0) => new(1, RandomPurpose.Augmentation, (ulong)id, view);

    /// <summary>The sample as a view shows it.</summary>
    public static float[] Apply(SampleStep step, float[] sample, int[] shape, int channelAxis = 0, uint view = 0)
    {
        new Augmentation(step) { ChannelAxis = channelAxis }.Validate(shape);
        var (values, scratch, random) = (sample.ToArray(), new float[sample.Length], Stream(view: view));
        step.Apply(values, scratch, SampleLayout.Of(shape, channelAxis), ref random);
        return values;
    }

    /// <summary>Seeded values from 0 to 255.</summary>
    public static float[] Noise(params int[] shape)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, shape.Aggregate(1, (product, size) => product * size)).Select(_ => random.NextSingle() * 255)];
    }

    /// <summary>[channels, height, width] as [height, width, channels].</summary>
    public static float[] ChannelsLast(float[] sample, int channels, int height, int width) =>
    [
        .. from y in Enumerable.Range(0, height)
           from x in Enumerable.Range(0, width)
           from c in Enumerable.Range(0, channels)
           select sample[(c * height + y) * width + x],
    ];

    /// <summary>A number as <see cref="CounterRandom.NextSingle"/> draws it, moved into an interval.</summary>
    public static double Uniform(ref CounterRandom random, double from, double to) => from + (to - from) * random.NextSingle();
}
