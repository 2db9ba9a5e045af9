namespace OnnxKd.Benchmarks.Attack;

/// <summary>What happens to a file whatever is in it: flipped bits, an end that is missing, parts in the wrong place.</summary>
internal static class ByteMutations
{
    private const int MostFlips = 8;

    public static byte[] Apply(byte[] bytes, Dice dice)
    {
        switch (dice.Below(6))
        {
            case 0:
                return bytes[..dice.Below(bytes.Length + 1)];
            case 1: // a part twice
                var (from, length) = Part(bytes, dice);
                var to = dice.Below(bytes.Length + 1);
                return [.. bytes[..to], .. bytes.AsSpan(from, length), .. bytes[to..]];
            case 2: // a part gone
                (from, length) = Part(bytes, dice);
                return [.. bytes[..from], .. bytes[(from + length)..]];
            case 3: // a part over another
                (from, length) = Part(bytes, dice);
                var copy = bytes.ToArray();
                copy.AsSpan(from, length).CopyTo(copy.AsSpan(dice.Below(bytes.Length - length + 1)));
                return copy;
            default:
                copy = bytes.ToArray();
                for (var flips = 1 + dice.Below(MostFlips); flips > 0 && copy.Length > 0; flips--)
                    // The head holds what sizes everything else, so it is hit as often as the rest.
                    copy[dice.OneIn(2) ? dice.Below(Math.Min(copy.Length, 512)) : dice.Below(copy.Length)] ^= (byte)(1 << dice.Below(8));
                return copy;
        }
    }

    private static (int From, int Length) Part(byte[] bytes, Dice dice)
    {
        var from = dice.Below(bytes.Length);
        return (from, dice.Below(Math.Min(bytes.Length - from, 256) + 1));
    }
}
