using System.Text;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.Preparation;

/// <summary>What the trainer sees of (sample, view) is what the teacher saw, to the last bit, whatever the order.</summary>
public sealed class ViewReplayTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<int[], int, AugmentationStep[]> Kinds => new()
    {
        {
            [3, 9, 11], 0,
            [
                new ShiftStep(2), new CropStep(new(0.3, 1), new(0.5, 2)), new FlipStep(0.5, 0.1), new RotationStep(20, 3),
                new ScaleStep(new(0.8, 1.2)), new EraseStep(0.5, new(0.1, 0.3), new(0.5, 2)), new ColourStep(0.4, 0.4, 0.4),
                new NoiseStep(5), new ClampStep(new(0, 255)), new CutMixStep(1, 0.5),
            ]
        },
        { [9, 11, 3], 2, [new RotationStep(180), new ColourStep(0.4, 0.4, 0.4), new MixupStep(0.2, 0.8)] },
        { [16, 8], 0, [new NoiseStep(0.5), new TimeMaskStep(2, 5), new FrequencyMaskStep(2, 3), new MixupStep(0.5)] },
        { [20], 0, [new TokenMaskStep(0.2, 103, [0])] },
    };

    /// <summary>10,000 pairs of sample and view in all.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Read_RandomPairsInShuffledOrder_GivesTheCapturedBits(int[] shape, int channelAxis, AugmentationStep[] steps)
    {
        const int Samples = 250;
        const int Views = 10;
        using var set = ViewSets.Bytes(folder, [Samples, .. shape]);
        var preprocessing = new Preprocessing { Scale = 1 / 255.0, Mean = [0.1307], Std = [0.3081] };
        var augmentation = new Augmentation(steps) { ChannelAxis = channelAxis };
        var elements = set.SampleElements;
        var captured = new float[Views * Samples * elements];
        var capture = new SampleReader(set, preprocessing, augmentation, seed: 5);
        for (uint view = 0; view < Views; view++)
            for (var row = 0; row < Samples; row += 50)
                capture.Read([.. Enumerable.Range(row, 50)], view, captured.AsSpan((int)(view * Samples + row) * elements, 50 * elements));

        // The trainer knows the augmentation from the manifest, and opens the set itself.
        var manifest = CanonicalJson.Deserialize<Augmentation>(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(augmentation)), "m");
        using var again = TransferSet.Open(new() { Samples = set.Name });
        var trainer = new SampleReader(again, preprocessing, manifest, seed: 5);
        var order = Enumerable.Range(0, Views * Samples).Select(i => (long)i).ToArray();
        new CounterRandom(1, RandomPurpose.Shuffle).Shuffle(order);
        Parallel.ForEach(order, place =>
        {
            var found = new float[elements];
            trainer.Read([place % Samples], (uint)(place / Samples), found);
            Assert.True(
                captured.AsSpan((int)place * elements, elements).SequenceEqual(found),
                $"Sample {place % Samples} differs in view {place / Samples}.");
        });
        Assert.True(captured.Distinct().Count() > shape.Aggregate(1, (a, b) => a * b), "The views hardly vary.");
    }

    /// <summary>The digest comes from a program of its own (Philox and the shift in a few lines of Python).</summary>
    [Fact]
    public void Read_ShiftedByTwo_GivesTheBytesThatResultsWereRecordedWith()
    {
        using var set = ViewSets.Bytes(folder, 40, 2, 5, 4);
        var reader = new SampleReader(set, Preprocessing.None, new(new ShiftStep(2)), seed: 9);
        var values = new float[3 * 40 * 40];
        for (uint view = 0; view < 3; view++)
            reader.Read([.. Enumerable.Range(0, 40)], view, values.AsSpan((int)view * 1600, 1600));

        Assert.Equal(
            "1880075087d791a696cb99e371f66865d0d037167f35aec0fa6545f3a123ceeb",
            Convert.ToHexStringLower(
                System.Security.Cryptography.SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()))));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Read_OverAndOver_AllocatesNothing(int[] shape, int channelAxis, AugmentationStep[] steps)
    {
        using var set = ViewSets.Bytes(folder, [64, .. shape]);
        var reader = new SampleReader(set, Preprocessing.None, new(steps) { ChannelAxis = channelAxis }, seed: 5);
        var values = new float[64 * set.SampleElements];
        long[] rows = [.. Enumerable.Range(0, 64)];
        for (uint view = 0; view < 20; view++)
            reader.Read(rows, view, values);

        // Whatever is allocated in each of three passes: a buffer that a pool gave up meanwhile is made anew in one.
        var least = Enumerable.Range(1, 3).Min(pass =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var view = 20 * (uint)pass; view < 20 * (uint)(pass + 1); view++)
                reader.Read(rows, view, values);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.InRange(least, 0, 20 * 64);
    }
}
