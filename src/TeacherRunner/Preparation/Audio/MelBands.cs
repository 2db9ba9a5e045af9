namespace OnnxKd.TeacherRunner.Preparation.Audio;

/// <summary>
/// Triangular bands on the mel scale, 2595 · log₁₀(1 + f ÷ 700) (O'Shaughnessy 1987, as in HTK): their corners are spread evenly from 0 to
/// half the rate; each rises from 0 to 1 and falls to 0.
/// </summary>
internal static class MelBands
{
    /// <summary>The weights, [bins, bands].</summary>
    /// <param name="bands">How many bands.</param>
    /// <param name="bins">Frequencies of the spectrum, 0 to half the rate.</param>
    /// <param name="rate">Sound samples per second.</param>
    /// <param name="window">Length of the transform.</param>
    public static float[] Weights(int bands, int bins, int rate, int window)
    {
        var top = ToMel(rate / 2.0);
        double[] corners = [.. Enumerable.Range(0, bands + 2).Select(i => ToHertz(top * i / (bands + 1)))];
        var weights = new float[bins * bands];
        for (var bin = 0; bin < bins; bin++)
            for (var band = 0; band < bands; band++)
            {
                var frequency = (double)bin * rate / window;
                var rising = (frequency - corners[band]) / (corners[band + 1] - corners[band]);
                var falling = (corners[band + 2] - frequency) / (corners[band + 2] - corners[band + 1]);
                weights[bin * bands + band] = (float)Math.Max(0, Math.Min(rising, falling));
            }
        return weights;
    }

    private static double ToMel(double hertz) => 2595 * Math.Log10(1 + hertz / 700);

    private static double ToHertz(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);
}
