namespace OnnxKd.Core.Randomness;

/// <summary>Four 32-bit words: a counter, or a block of random bits.</summary>
internal readonly record struct Words(uint A, uint B, uint C, uint D);

/// <summary>The Philox 4×32-10 bijection (Salmon, Moraes, Dror and Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011).</summary>
internal static class Philox
{
    private const int Rounds = 10;
    private const uint MultiplierA = 0xD2511F53;
    private const uint MultiplierC = 0xCD9E8D57;
    private const uint KeyStepLow = 0x9E3779B9;
    private const uint KeyStepHigh = 0xBB67AE85;

    /// <summary>Encrypts a counter under a key.</summary>
    public static Words Block(Words counter, uint keyLow, uint keyHigh)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var a = (ulong)MultiplierA * counter.A;
            var c = (ulong)MultiplierC * counter.C;
            counter = new((uint)(c >> 32) ^ counter.B ^ keyLow, (uint)c, (uint)(a >> 32) ^ counter.D ^ keyHigh, (uint)a);
            keyLow += KeyStepLow;
            keyHigh += KeyStepHigh;
        }
        return counter;
    }
}
