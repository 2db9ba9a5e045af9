using System.Buffers.Binary;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Audio;

/// <summary>Finds WAV files that are cut off or that the decoder would mix wrongly; it would say nothing.</summary>
internal static class WavHeader
{
    private const int ChunkHeader = 8;
    private const int FirstChunk = 12;
    private const int FormatBytes = 16, ExtensibleBytes = 40;
    private const int Pcm = 1, Float = 3, ALaw = 6, MuLaw = 7, Extensible = 0xfffe;
    private const uint MostRate = 768_000;

    /// <summary>Requires a whole WAV file of one or two channels.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="path">For messages.</param>
    /// <param name="rate">The least rate.</param>
    /// <exception cref="InputException">It is something else.</exception>
    public static void Require(ReadOnlySpan<byte> file, string path, int rate)
    {
        if (file.Length < FirstChunk || !file.StartsWith("RIFF"u8) || !file[8..].StartsWith("WAVE"u8))
            throw Bad("A file is not WAV.", path, "another beginning", "RIFF ... WAVE");
        var hasFormat = false;
        for (long at = FirstChunk; at + ChunkHeader <= file.Length;)
        {
            var chunk = file[(int)at..];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
            if (length > chunk.Length - ChunkHeader)
                throw Bad("A WAV file is cut off.", path, $"{chunk.Length - ChunkHeader} bytes of a part of {length}", "the whole part");
            if (chunk.StartsWith("fmt "u8) && length >= FormatBytes && !hasFormat)
            {
                RequireFormat(chunk.Slice(ChunkHeader, (int)length), path, rate);
                hasFormat = true;
            }
            if (chunk.StartsWith("data"u8) && hasFormat)
            {
                if (length == 0)
                    throw Bad("A WAV file holds no sound.", path, "0 bytes", "sound");
                return;
            }
            at += ChunkHeader + length + length % 2;
        }
        throw Bad("A WAV file is cut off.", path, hasFormat ? "no part 'data'" : "no part 'fmt ' before 'data'", "both");
    }

    private static void RequireFormat(ReadOnlySpan<byte> format, string path, int rate)
    {
        int Number(ReadOnlySpan<byte> format, int at) => BinaryPrimitives.ReadUInt16LittleEndian(format[at..]);
        var (channels, block, bits) = (Number(format, 2), Number(format, 12), Number(format, 14));
        var code = Number(format, 0) is var outer && outer == Extensible && format.Length >= ExtensibleBytes ? Number(format, 24) : outer;
        var found = BinaryPrimitives.ReadUInt32LittleEndian(format[4..]);
        var bytesPerSecond = BinaryPrimitives.ReadUInt32LittleEndian(format[8..]);
        if (channels is not (1 or 2))
            throw Bad("A WAV file has too many channels.", path, $"{channels}", "1 or 2");
        if ((code, bits) is not ((Pcm, 8 or 16 or 24 or 32) or (Float, 32 or 64) or (ALaw or MuLaw, 8)))
            throw Bad(
                "A WAV file holds sound of another kind.", path, $"{bits} bits of kind {code}",
                "integers of 8 to 32 bits, floats of 32 or 64, A-law or µ-law");
        if (block != channels * bits / 8 || bytesPerSecond != (long)found * block)
            throw Bad(
                "The header of a WAV file contradicts itself.", path, $"{found} Hz, {block} bytes at a time, {bytesPerSecond} bytes a second",
                $"{channels * bits / 8} bytes at a time, and their product a second");
        if (found < rate)
            throw Bad("A WAV file has a lower rate than the set.", path, $"{found} Hz", $"{rate} Hz or more");
        if (found > MostRate)
            throw Bad("A WAV file has an impossible rate.", path, $"{found} Hz", $"{MostRate} Hz at most");
    }

    private static InputException Bad(string what, string path, string found, string expected) =>
        new(what, path, found, expected, SourceFolder.SkipHint);
}
