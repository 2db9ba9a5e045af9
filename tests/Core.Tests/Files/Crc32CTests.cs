using System.Text;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Tests.Files;

public sealed class Crc32CTests
{
    /// <summary>The check value of the algorithm, and RFC 3720's examples of 32 bytes of zeros and of ones.</summary>
    [Fact]
    public void Of_KnownBytes_IsThePublishedChecksum()
    {
        Assert.Equal(0xE3069283, Crc32C.Of(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0x8A9136AAu, Crc32C.Of(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Of(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0u, Crc32C.Of([]));
    }
}
