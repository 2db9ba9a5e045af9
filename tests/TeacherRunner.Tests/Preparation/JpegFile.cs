namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>
/// Writes baseline JPEG files of flat blocks: each block of 8 × 8 pixels has one grey value, so that only the DC coefficient is there
/// and the decoded value is known.
/// </summary>
internal static class JpegFile
{
    /// <param name="blocks">The grey value of each block, rows × columns.</param>
    /// <param name="isProgressive">Whether the file is progressive: its only scan then holds the DC coefficients alone.</param>
    public static byte[] Encode(byte[,] blocks, bool isProgressive = false)
    {
        var (rows, columns) = (blocks.GetLength(0), blocks.GetLength(1));
        using var file = new MemoryStream();
        file.Write([0xff, 0xd8]);
        Segment(file, 0xdb, [0, .. Enumerable.Repeat((byte)1, 64)]); // quantisation: by 1
        Segment(file, isProgressive ? (byte)0xc2 : (byte)0xc0, [8, .. Big(rows * 8), .. Big(columns * 8), 1, 1, 0x11, 0]);
        // Sixteen code lengths, then the symbols: every DC size from 0 to 11 has a code of 4 bits, its own number.
        Segment(file, 0xc4, [0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        Segment(file, 0xc4, [0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00]); // AC: only "end of block", one bit
        Segment(file, 0xda, [1, 1, 0x00, 0, isProgressive ? (byte)0 : (byte)63, 0]);
        var bits = new List<bool>();
        var previous = 0;
        foreach (var grey in blocks)
        {
            var dc = (grey - 128) * 8;
            var difference = dc - previous;
            previous = dc;
            var size = 0;
            while (Math.Abs(difference) >> size != 0)
                size++;
            Put(bits, size, 4);
            Put(bits, difference < 0 ? difference + (1 << size) - 1 : difference, size);
            if (!isProgressive)
                Put(bits, 0, 1);
        }
        while (bits.Count % 8 != 0)
            bits.Add(true);
        foreach (var eight in bits.Chunk(8))
        {
            var value = eight.Aggregate(0, (sum, bit) => sum * 2 + (bit ? 1 : 0));
            file.WriteByte((byte)value);
            if (value == 0xff)
                file.WriteByte(0);
        }
        file.Write([0xff, 0xd9]);
        return file.ToArray();
    }

    private static void Put(List<bool> bits, int value, int count)
    {
        for (var bit = count - 1; bit >= 0; bit--)
            bits.Add((value >> bit & 1) != 0);
    }

    private static void Segment(Stream file, byte mark, byte[] content)
    {
        file.Write([0xff, mark, .. Big(content.Length + 2)]);
        file.Write(content);
    }

    private static byte[] Big(int value) => [(byte)(value >> 8), (byte)value];
}
