namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>Sounds that are made up, as logarithms of energy in bands: a tone that stays, rises, falls, swings, stops, or is two.</summary>
internal static class Tones
{
    private const int Frames = 24;
    private const int Bands = 16;
    private const int Classes = 6;

    /// <summary>Makes them, with the classes' means as their teacher.</summary>
    /// <param name="name">The case.</param>
    /// <param name="seed">Decides all numbers.</param>
    public static FirstTryCase Make(string name, int seed)
    {
        var random = new Random(seed);
        int[] labels = [.. Enumerable.Range(0, 4_000).Select(_ => random.Next(Classes))];
        float[] values = [.. labels.SelectMany(label => Sound(label, random))];
        var train = labels.Length * 3 / 4;
        var split = train * Frames * Bands;
        return new(name, ClassMeans.Fit(values[..split], labels[..train], Classes, [Frames, Bands]), [Frames, Bands], values[..split], values[split..]);
    }

    private static IEnumerable<float> Sound(int kind, Random random)
    {
        var (pitch, loudness) = (3 + 8 * random.NextDouble(), 20 + 10 * random.NextDouble());
        for (var frame = 0; frame < Frames; frame++)
        {
            var time = frame / (double)Frames;
            var (first, second) = kind switch
            {
                1 => (pitch + 4 * time, double.NaN),
                2 => (pitch + 4 - 4 * time, double.NaN),
                3 => (pitch + 2 * Math.Sin(12 * time), double.NaN),
                4 => (time < 0.5 ? pitch : double.NaN, double.NaN),
                5 => (pitch, pitch + 4),
                _ => (pitch, double.NaN),
            };
            for (var band = 0; band < Bands; band++)
                yield return (float)(-60 + 4 * Tables.Normal(random) + loudness * (Peak(first - band) + Peak(second - band)));
        }
    }

    private static double Peak(double distance) => double.IsNaN(distance) ? 0 : Math.Exp(-distance * distance);
}
