using System.Buffers.Binary;

namespace OnnxKd.TeacherRunner.Preparation.Images;

/// <summary>
/// Walks the segments of a JPEG file (ITU-T T.81, annex B) to the mark of its end, as far as it decides what a decoder may meet: only the
/// two usual processes, grey or three components of 8 bits, and behind the last scan nothing but comments.
/// </summary>
internal static class JpegStructure
{
    private const byte StartOfImage = 0xd8, EndOfImage = 0xd9, StartOfScan = 0xda, HuffmanTables = 0xc4, Quantisation = 0xdb, Comment = 0xfe;
    private const byte FirstRestart = 0xd0, LastRestart = 0xd7, FirstApplication = 0xe0, LastApplication = 0xef, RestartInterval = 0xdd;
    private const byte Baseline = 0xc0, Extended = 0xc1, Progressive = 0xc2;
    private const byte Lossless = 0xc3, Extension = 0xc8, ArithmeticTables = 0xcc, LastFrame = 0xcf;
    private const int Bits = 8;
    private const int MostScans = 200; // progressive files have 10 or so; each scan costs as much time as a picture

    /// <summary>Whether a file begins like a JPEG file.</summary>
    public static bool Matches(ReadOnlySpan<byte> file) => file is [0xff, StartOfImage, ..];

    /// <summary>Walks a file.</summary>
    /// <returns>Columns and rows of the picture, and bits of a channel.</returns>
    /// <exception cref="Core.Errors.InputException">It is damaged, or of a rare kind that the graph cannot decode.</exception>
    public static (int Width, int Height, int Bits) Read(ReadOnlySpan<byte> file, string path)
    {
        (int Width, int Height, int Components, byte Process)? frame = null;
        var (at, scans, isComplete) = (2, 0, false);
        while (true)
        {
            var mark = NextMark(file, ref at) ?? throw ImageCheck.CutOff(path, $"{file.Length} bytes without the mark that ends such a file");
            if (mark == EndOfImage)
                return frame is var (width, height, _, _) && scans > 0
                    ? (width, height, Bits)
                    : throw ImageCheck.Damaged(path, "its end mark comes before its pixels");
            var length = at + 2 <= file.Length ? BinaryPrimitives.ReadUInt16BigEndian(file[at..]) : 0;
            if (length < 2)
                throw ImageCheck.Damaged(path, $"a segment of {length} bytes at byte {at}");
            if (length > file.Length - at)
                throw ImageCheck.CutOff(path, $"{file.Length - at} bytes of a segment of {length}");
            var segment = file[(at + 2)..(at + length)];
            at += length;
            switch (mark)
            {
                case Baseline or Extended or Progressive when frame is null:
                    frame = ReadFrame(segment, mark, path);
                    break;
                case >= Lossless and <= LastFrame and not (HuffmanTables or Extension or ArithmeticTables) when frame is null:
                    throw ImageCheck.OfOtherForm(path, $"a lossless, hierarchical or arithmetically coded picture (frame of kind 0x{mark:x2})");
                case StartOfScan when frame is { } known && !isComplete:
                    if (++scans > MostScans)
                        throw ImageCheck.Damaged(path, $"more than {MostScans} scans");
                    // One scan with all components is all there is, unless it is progressive.
                    isComplete = known.Process != Progressive && segment.Length > 0 && segment[0] == known.Components;
                    break;
                case HuffmanTables or Quantisation or RestartInterval when !isComplete:
                case Comment or (>= FirstApplication and <= LastApplication):
                    break;
                default:
                    throw ImageCheck.Damaged(path, $"a segment of kind 0x{mark:x2} at byte {at - length - 2}, which does not belong there");
            }
        }
    }

    /// <summary>The next mark with a meaning: none of those that fill up or restart. Other bytes in between are passed over.</summary>
    private static byte? NextMark(ReadOnlySpan<byte> file, ref int at)
    {
        while (at < file.Length)
        {
            var next = file[at..].IndexOf((byte)0xff);
            if (next < 0)
                break;
            at += next + 1;
            while (at < file.Length && file[at] == 0xff)
                at++;
            if (at < file.Length && file[at++] is not 0 and not (>= FirstRestart and <= LastRestart) and var mark)
                return mark;
        }
        return null;
    }

    private static (int Width, int Height, int Components, byte Process) ReadFrame(ReadOnlySpan<byte> segment, byte process, string path)
    {
        if (segment.Length < 6)
            throw ImageCheck.Damaged(path, "a frame header that is too short");
        var (bits, components) = (segment[0], segment[5]);
        int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        if (bits != Bits || components is not (1 or 3))
            throw ImageCheck.OfOtherForm(path, $"{components} components of {bits} bits{(components == 4 ? ": inks for printing (CMYK)" : "")}");
        if (width == 0 || height == 0)
            throw ImageCheck.Damaged(path, $"{width} × {height} pixels");
        return (width, height, components, process);
    }
}
