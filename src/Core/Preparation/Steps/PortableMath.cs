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
    private const int MantissaBits = 52;
    private const int ExponentOfOne = 1023;
    private const double Sqrt2 = 1.4142135623730951;

    /// <summary>The natural logarithm of a normal positive number: 2 artanh((m − 1) ÷ (m + 1)) + e ln 2 for m 2ᵉ, m near 1.</summary>
    public static double Log(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> MantissaBits) - ExponentOfOne;
        var mantissa = BitConverter.Int64BitsToDouble(bits - ((long)exponent << MantissaBits));
        if (mantissa > Sqrt2)
        {
            mantissa /= 2;
            exponent++;
        }
        var s = (mantissa - 1) / (mantissa + 1);
        var sum = Polynomial(s * s, [1 / 21.0, 1 / 19.0, 1 / 17.0, 1 / 15.0, 1 / 13.0, 1 / 11.0, 1 / 9.0, 1 / 7.0, 1 / 5.0, 1 / 3.0, 1]);
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

    /// <summary>Sine and cosine of an angle in turns (1 = 360°): Taylor series within an eighth of a turn, then mirrored.</summary>
    public static (double Sin, double Cos) SinCos(double turns)
    {
        var quarters = Math.Round(4 * turns);
        var angle = (4 * turns - quarters) * (Math.PI / 2);
        var square = angle * angle;
        var sin = angle * Polynomial(
            square,
            [
                1 / 355687428096000.0, -1 / 1307674368000.0, 1 / 6227020800.0, -1 / 39916800.0, 1 / 362880.0, -1 / 5040.0, 1 / 120.0,
                -1 / 6.0, 1,
            ]);
        var cos = Polynomial(
            square,
            [1 / 20922789888000.0, -1 / 87178291200.0, 1 / 479001600.0, -1 / 3628800.0, 1 / 40320.0, -1 / 720.0, 1 / 24.0, -1 / 2.0, 1]);
        return ((long)quarters & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }

    /// <summary>Horner's scheme, the highest power first.</summary>
    private static double Polynomial(double x, ReadOnlySpan<double> coefficients)
    {
        var sum = 0.0;
        foreach (var coefficient in coefficients)
            sum = sum * x + coefficient;
        return sum;
    }
}
