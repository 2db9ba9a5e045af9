namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Elementary functions from +, −, ×, ÷ and rounding alone, which IEEE 754 defines to the last bit: unlike those of <see cref="Math"/>,
/// which every system's C library computes in its own way, they give the same bits on every machine. Errors stay below 2 × 10⁻¹⁶ relative
/// to the larger of 1 and the result.
/// </summary>
internal static class PortableMath
{
    // ln 2 = High + Low, High having so few bits that its product with an exponent is exact.
    private const double Ln2High = 0.693147180369123816490;
    private const double Ln2Low = 1.90821492927058770002e-10;
    private const double Sqrt2 = 1.4142135623730951;

    /// <summary>The natural logarithm of a normal positive number: 2 artanh((m − 1) ÷ (m + 1)) + e ln 2 for m 2ᵉ, m near 1.</summary>
    public static double Log(double x)
    {
        var exponent = Math.ILogB(x);
        var mantissa = Math.ScaleB(x, -exponent);
        if (mantissa > Sqrt2)
        {
            mantissa /= 2;
            exponent++;
        }
        var s = (mantissa - 1) / (mantissa + 1);
        var sum = 0.0;
        for (var n = 21; n >= 1; n -= 2)
            sum = sum * s * s + 1.0 / n;
        return exponent * Ln2High + (exponent * Ln2Low + 2 * s * sum);
    }

    /// <summary>eˣ; 0 far below, infinite far above: 2ᵏ times the Taylor series of the remainder, |remainder| ≤ ln 2 ÷ 2.</summary>
    public static double Exp(double x)
    {
        x = Math.Clamp(x, -1000, 1000);
        var k = Math.Round(x / (Ln2High + Ln2Low));
        var remainder = x - k * Ln2High - k * Ln2Low;
        var sum = 1.0;
        for (var n = 14; n >= 1; n--)
            sum = 1 + sum * remainder / n;
        return Math.ScaleB(sum, (int)k);
    }

    /// <summary>Sine and cosine of an angle in turns (1 = 360°): Taylor series within an eighth of a turn, mirrored into the others.</summary>
    public static (double Sin, double Cos) SinCos(double turns)
    {
        var quarters = Math.Round(4 * turns);
        var angle = (4 * turns - quarters) * (Math.PI / 2);
        var square = angle * angle;
        var (sin, cos) = (1.0, 1.0);
        for (var n = 18; n >= 2; n -= 2)
        {
            sin = 1 - sin * square / (n * (n + 1));
            cos = 1 - cos * square / (n * (n - 1));
        }
        sin *= angle;
        return ((long)quarters & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }
}
