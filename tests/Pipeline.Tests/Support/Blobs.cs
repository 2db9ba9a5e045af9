namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>Noisy 4×4 pictures of three classes: class k is bright in row k.</summary>
internal static class Blobs
{
    public const int Classes = 3;
    private const int Side = 4;

    public static void Write(string folder, string name, int count, int seed)
    {
        var random = new Random(seed);
        var labels = Enumerable.Range(0, count).Select(i => (long)(i % Classes)).ToArray();
        var samples = new float[count * Side * Side];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = random.NextSingle() + (i / Side % Side == labels[i / (Side * Side)] ? 0.6f : 0);
        Npy.Write(Path.Combine(folder, $"{name}.npy"), samples, count, Side, Side);
        Npy.Write(Path.Combine(folder, $"{name}-labels.npy"), labels, count);
    }
}
