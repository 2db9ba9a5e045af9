using Microsoft.Win32.SafeHandles;

namespace OnnxKd.Core.Files;

/// <summary>Reading as much as is asked for: one call gives what the system has at hand, and on Linux at most 2 GB.</summary>
internal static class WholeRead
{
    /// <summary>Fills a span from a place in a file, or up to the file's end.</summary>
    /// <returns>How many bytes were read.</returns>
    public static int ReadWhole(this SafeFileHandle file, Span<byte> destination, long offset)
    {
        var read = 0;
        while (read < destination.Length && RandomAccess.Read(file, destination[read..], offset + read) is > 0 and var count)
            read += count;
        return read;
    }
}
