namespace OnnxKd.Core.Randomness;

/// <summary>What a random stream is for; streams of different purposes never overlap. The numbers are part of the file formats.</summary>
public enum RandomPurpose : uint
{
    /// <summary>Initial weights; the item is the parameter's index.</summary>
    Initialisation = 1,

    /// <summary>The order of samples; the round is the epoch.</summary>
    Shuffle = 2,

    /// <summary>Augmentation; the item is the sample id, the round is the view or epoch.</summary>
    Augmentation = 3,

    /// <summary>Dropout masks; the item is the training step.</summary>
    Dropout = 4,

    /// <summary>Rows picked for a check.</summary>
    Verification = 5,
}

/// <summary>
/// A counter-based generator (Philox 4×32-10, Salmon et al., SC 2011): the numbers depend on (seed, purpose, item, round) alone,
/// never on what was drawn before, so any draw can be repeated in any order on any machine.
/// </summary>
public struct CounterRandom
{
    /// <summary>Starts the stream of a (seed, purpose, item, round).</summary>
    public CounterRandom(ulong seed, RandomPurpose purpose, ulong item = 0, uint round = 0) => throw new NotImplementedException();

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32() => throw new NotImplementedException();

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64() => throw new NotImplementedException();

    /// <summary>The next number in [0, 1), on a grid of 2⁻²⁴.</summary>
    public float NextSingle() => throw new NotImplementedException();

    /// <summary>The next integer in [<paramref name="minimum"/>, <paramref name="end"/>), without bias.</summary>
    public int NextInt32(int minimum, int end) => throw new NotImplementedException();

    /// <summary>The next draw from the standard normal distribution (Box–Muller).</summary>
    public double NextGaussian() => throw new NotImplementedException();

    /// <summary>Shuffles in place (Fisher–Yates).</summary>
    public void Shuffle(Span<long> values) => throw new NotImplementedException();
}
