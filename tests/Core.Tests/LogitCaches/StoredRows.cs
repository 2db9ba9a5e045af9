using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Tests.LogitCaches;

/// <summary>Rows to store, and what becomes of them.</summary>
internal static class StoredRows
{
    public static CacheStream Stream(StreamStorage storage, int[] shape) => new("logits", "logits", 0, StreamKind.Logit, shape, storage);

    public static float[] Random(int count, float scale)
    {
        var random = new CounterRandom(5, RandomPurpose.Verification);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)random.NextGaussian() * scale;
        return values;
    }

    public static double[] Softmax(float[] values)
    {
        var shares = values.Select(v => Math.Exp((double)v - values.Max())).ToArray();
        return [.. shares.Select(share => share / shares.Sum())];
    }

    public static float[] RoundTrip(StreamStorage storage, int[] shape, float[] values)
    {
        var stream = Stream(storage, shape);
        var stored = new byte[stream.BytesPerRow];
        Assert.Equal(-1, storage.Encode(stream, default, values, stored));
        var decoded = new float[values.Length];
        storage.Decode(stream, stored, decoded);
        return decoded;
    }
}
