using System.Buffers.Binary;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>Writes WAV files of 16-bit samples.</summary>
internal static class WavFile
{
    /// <param name="rate">Samples per second.</param>
    /// <param name="channels">Channels; their samples take turns.</param>
    /// <param name="samples">From −32768 to 32767.</param>
    public static byte[] Encode(int rate, int channels, IReadOnlyList<short> samples)
    {
        var file = new byte[44 + samples.Count * 2];
        "RIFF"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), 1); // PCM
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), (short)channels);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), rate);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), rate * channels * 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), (short)(channels * 2));
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), 16);
        "data"u8.CopyTo(file.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(40), samples.Count * 2);
        for (var i = 0; i < samples.Count; i++)
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(44 + i * 2), samples[i]);
        return file;
    }

    /// <summary>A pure tone at half of full strength.</summary>
    public static short[] Tone(int rate, double hertz, int count) =>
        [.. Enumerable.Range(0, count).Select(i => (short)Math.Round(16384 * Math.Sin(2 * Math.PI * hertz * i / rate)))];
}
