using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Draws that steps share, in portable arithmetic.</summary>
internal static class Draws
{
    /// <summary>Uniform between two numbers; one word.</summary>
    public static double NextUniform(this ref CounterRandom random, double from, double to) => from + (to - from) * random.NextSingle();

    /// <summary>Whether something of a probability happens; one word.</summary>
    public static bool NextChance(this ref CounterRandom random, double probability) => random.NextSingle() < probability;

    /// <summary>A number in [0, <paramref name="end"/>); two words. The bias is below 2⁻⁶⁴ × end.</summary>
    public static long NextIndex(this ref CounterRandom random, long end) =>
        (long)Math.BigMul(random.NextUInt64(), (ulong)end, out _);

    /// <summary>Two independent draws from the standard normal distribution (Box and Muller 1958); two words.</summary>
    public static (double First, double Second) NextNormals(this ref CounterRandom random)
    {
        var radius = Math.Sqrt(-2 * PortableMath.Log((random.NextUInt32() + 1.0) / (1L << 32)));
        var (sin, cos) = PortableMath.SinCos(random.NextUInt32() / (double)(1L << 32));
        return (radius * cos, radius * sin);
    }

    /// <summary>From Beta(α, α): X ÷ (X + Y) for X and Y from Gamma(α), by their logarithms, since they underflow.</summary>
    public static double NextBeta(this ref CounterRandom random, double alpha)
    {
        var (x, y) = (random.NextLogGamma(alpha), random.NextLogGamma(alpha));
        return 1 / (1 + PortableMath.Exp(y - x));
    }

    /// <summary>
    /// The logarithm of a draw from Gamma(α): Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), for α + 1,
    /// times U^(1/α).
    /// </summary>
    private static double NextLogGamma(this ref CounterRandom random, double alpha)
    {
        var d = alpha + 1 - 1 / 3.0;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var (normal, _) = random.NextNormals();
            var logUniform = PortableMath.Log((random.NextUInt32() + 0.5) / (1L << 32));
            var root = 1 + c * normal;
            if (root <= 0)
                continue;
            var cube = root * root * root;
            var logCube = PortableMath.Log(cube);
            if (logUniform < normal * normal / 2 + d - d * cube + d * logCube)
                return PortableMath.Log(d) + logCube + PortableMath.Log((random.NextUInt32() + 0.5) / (1L << 32)) / alpha;
        }
    }
}
