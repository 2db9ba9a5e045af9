namespace OnnxKd.Core.Randomness;

/// <summary>
/// A counter-based generator (Philox 4×32-10, Salmon et al., SC 2011): the numbers depend on (seed, purpose, item, round) alone,
/// never on what was drawn before, so any draw can be repeated in any order on any machine.
/// </summary>
/// <remarks>
/// The key is the seed (64 bits). The counter is, from its lowest word: the item (64 bits), the round (32 bits), the purpose (5 bits)
/// above the index of the block within the stream (27 bits). No two (seed, purpose, item, round) share a block. A stream holds
/// 2²⁹ words of 32 bits.
/// </remarks>
internal struct CounterRandom
{
    private const int BlockBits = 27;
    private const uint BlockMask = (1u << BlockBits) - 1;

    private readonly ulong seed;
    private readonly ulong item;
    private readonly uint round;
    private readonly uint purposeBits;
    private Words words;
    private uint nextBlock;
    private int used = 4;

    /// <summary>Starts the stream of a (seed, purpose, item, round).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The purpose's number is 32 or more.</exception>
    public CounterRandom(ulong seed, RandomPurpose purpose, ulong item = 0, uint round = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)purpose, 1u << (32 - BlockBits), nameof(purpose));
        this.seed = seed;
        this.item = item;
        this.round = round;
        purposeBits = (uint)purpose << BlockBits;
    }

    /// <summary>The next 32 random bits.</summary>
    /// <exception cref="InvalidOperationException">All 2²⁹ words of the stream were drawn.</exception>
    public uint NextUInt32()
    {
        if (used == 4)
            Refill();
        return used++ switch
        {
            0 => words.A,
            1 => words.B,
            2 => words.C,
            _ => words.D,
        };
    }

    /// <summary>The next 64 random bits: two words, the lower one first.</summary>
    public ulong NextUInt64()
    {
        var low = NextUInt32();
        return low | (ulong)NextUInt32() << 32;
    }

    /// <summary>The next number in [0, 1), on a grid of 2⁻²⁴.</summary>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>The next integer in [<paramref name="minimum"/>, <paramref name="end"/>), without bias.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty.</exception>
    public int NextInt32(int minimum, int end)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(end, minimum);
        return (int)(minimum + NextBelow((uint)((long)end - minimum)));
    }

    /// <summary>The next draw from the standard normal distribution (Box–Muller, cosine branch; two words a draw, |z| ≤ 6.7).</summary>
    public double NextGaussian()
    {
        var radius = Math.Sqrt(-2 * Math.Log((NextUInt32() + 1.0) / (1L << 32)));
        return radius * Math.Cos(2 * Math.PI * NextUInt32() / (1L << 32));
    }

    /// <summary>Shuffles in place (Fisher–Yates).</summary>
    public void Shuffle(Span<long> values)
    {
        for (var last = values.Length - 1; last > 0; last--)
        {
            var other = NextInt32(0, last + 1);
            (values[last], values[other]) = (values[other], values[last]);
        }
    }

    /// <summary>Lemire, "Fast random integer generation in an interval" (2019): multiply, and reject the few biased products.</summary>
    private long NextBelow(uint bound)
    {
        var product = (ulong)NextUInt32() * bound;
        if ((uint)product < bound)
        {
            var threshold = (uint)-(int)bound % bound;
            while ((uint)product < threshold)
                product = (ulong)NextUInt32() * bound;
        }
        return (long)(product >> 32);
    }

    private void Refill()
    {
        if (nextBlock > BlockMask)
            throw new InvalidOperationException("A random stream was drawn to its end (2^29 words); split it by item or round.");
        words = Philox.Block(
            new((uint)item, (uint)(item >> 32), round, purposeBits | nextBlock), (uint)seed, (uint)(seed >> 32));
        nextBlock++;
        used = 0;
    }
}
