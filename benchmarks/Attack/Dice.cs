using OnnxKd.Core.Randomness;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>The draws of one mutant: they depend on the seed, the target and the mutant's number alone, so that each can be made again by itself.</summary>
internal sealed class Dice(ulong seed, string target, long number)
{
    private readonly Random random = new(HashCode.Of(seed, target, number));

    /// <summary>Sizes, counts and indices that break things.</summary>
    public static IReadOnlyList<long> Extremes { get; } =
    [
        0, 1, -1, 2, 3, 7, 255, 65_535, 65_536, 1_000_000, int.MaxValue, int.MinValue, 1L + int.MaxValue, uint.MaxValue, 1L << 40, long.MaxValue, long.MinValue,
    ];

    public long Number => number;

    public int Below(int limit) => random.Next(limit);

    public bool OneIn(int n) => random.Next(n) == 0;

    public T Of<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];

    public long Extreme() => Of(Extremes);

    /// <summary>A hash that is the same in every process.</summary>
    private static class HashCode
    {
        public static int Of(ulong seed, string target, long number) =>
            (int)new CounterRandom(seed, RandomPurpose.Verification, (ulong)number, (uint)target.Sum(c => c * 31)).NextUInt32();
    }
}
