namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>How floats become codes of 8 bits: code = round(value ÷ scale) + zero, within the codes there are.</summary>
/// <param name="Scale">The width of a step; above 0.</param>
/// <param name="Zero">The code of 0.</param>
internal readonly record struct CodeScale(float Scale, byte Zero)
{
    private const int Codes = 255;

    // How much of the range of values is kept at least, and in which steps that is tried.
    private const int FewestParts = 10, Parts = 20;

    /// <summary>
    /// The scale of the least squared error among those that cut off none, a twentieth, up to half of the range on both sides: single values far out would take the
    /// steps of all others.
    /// </summary>
    /// <param name="values">Some of the values.</param>
    /// <param name="least">The smallest of all.</param>
    /// <param name="greatest">The largest of all.</param>
    public static CodeScale Of(ReadOnlySpan<float> values, float least, float greatest)
    {
        (least, greatest) = (Math.Min(least, 0), Math.Max(greatest, 0)); // 0 has a code of its own: padding is exact
        var best = Within(least, greatest);
        var fewest = best.SquaredError(values);
        for (var parts = Parts - 1; parts >= FewestParts; parts--)
        {
            var tried = Within(least * parts / Parts, greatest * parts / Parts);
            if (tried.SquaredError(values) is var error && error < fewest)
                (best, fewest) = (tried, error);
        }
        return best;
    }

    /// <summary>The value that is read where a value was written.</summary>
    public float Rounded(float value) => (Math.Clamp(MathF.Round(value / Scale) + Zero, 0, Codes) - Zero) * Scale;

    private static CodeScale Within(float least, float greatest)
    {
        var scale = (greatest - least) / Codes;
        return scale > 0 && float.IsNormal(scale) ? new(scale, (byte)Math.Clamp(MathF.Round(-least / scale), 0, Codes)) : new(1, 0);
    }

    private double SquaredError(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            var difference = (double)value - Rounded(value);
            sum += difference * difference;
        }
        return sum;
    }
}
