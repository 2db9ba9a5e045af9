using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>NumPy's array file, versions 1 to 3: magic, version, header length, a Python dictionary, then elements.</summary>
internal static partial class NpyFormat
{
    private const int MaxHeader = 1 << 20;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public static bool Matches(ReadOnlySpan<byte> head) => head.StartsWith(Magic);

    /// <summary>Opens an array; one in Fortran order is turned round first.</summary>
    /// <param name="file">The file.</param>
    /// <param name="part">What it holds, for messages.</param>
    public static TensorFile Open(SourceFile file, SetPart part)
    {
        var (dataOffset, type, isBigEndian, isFortran, shape) = ReadLayout(file, part);
        var stored = new TensorFile(file, dataOffset, file.Length - dataOffset, type, isBigEndian, shape);
        if (!isFortran)
            return stored;
        using (stored)
        {
            var turned = FortranOrder.Transpose(file, dataOffset, type.Size(), shape);
            return new(turned, 0, turned.Length, type, isBigEndian, shape);
        }
    }

    /// <summary>The length that a file's beginning declares.</summary>
    public static long? LengthOf(SourceFile file) =>
        ReadLayout(file, SetPart.Samples) is var layout && Shapes.TryBytes(layout.Type, layout.Shape, out var bytes) ? layout.DataOffset + bytes : null;

    private static (long DataOffset, ElementType Type, bool IsBigEndian, bool IsFortran, long[] Shape) ReadLayout(SourceFile file, SetPart part)
    {
        var (header, dataOffset) = ReadHeader(file);
        var descr = Value(DescrPattern(), "descr");
        var isFortran = Value(FortranPattern(), "fortran_order") == "True";
        var shape = Value(ShapePattern(), "shape").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(size => long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : throw Broken("shape"))
            .ToArray();
        return (dataOffset, TypeOf(descr, part, file.Path), descr[0] == '>', isFortran, shape);

        string Value(Regex pattern, string name) =>
            pattern.Match(header) is { Success: true } match ? match.Groups[1].Value : throw Broken(name);

        InputException Broken(string name) => new(
            $"The header of an NPY file has no valid '{name}'.",
            where: file.Path,
            found: header.Trim(),
            expected: "descr of one number type, fortran_order and shape",
            remedy: "save a plain array of numbers with numpy.save");
    }

    private static (string Header, long DataOffset) ReadHeader(SourceFile file)
    {
        var version = file.Head.Length >= 12 ? file.Head[6] : throw Truncated();
        if (version is < 1 or > 3)
            throw new InputException("An NPY file has an unknown version.", where: file.Path, found: $"{version}", expected: "1, 2 or 3");
        var start = version == 1 ? 10 : 12;
        long length = version == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(file.Head.AsSpan(8))
            : BinaryPrimitives.ReadUInt32LittleEndian(file.Head.AsSpan(8));
        if (length > MaxHeader || start + length > file.Length)
            throw Truncated();
        var header = new byte[length];
        file.Read(start, header);
        return (Encoding.UTF8.GetString(header), start + length);

        InputException Truncated() => new(
            "An NPY file is truncated within its header.",
            where: file.Path,
            found: $"{file.Length} bytes",
            remedy: "fetch or write it again");
    }

    private static ElementType TypeOf(string descr, SetPart part, string path) => descr.TrimStart('<', '>', '|', '=') switch
    {
        "b1" => ElementType.Bool,
        "u1" => ElementType.UInt8,
        "i1" => ElementType.Int8,
        "u2" => ElementType.UInt16,
        "i2" => ElementType.Int16,
        "u4" => ElementType.UInt32,
        "i4" => ElementType.Int32,
        "u8" => ElementType.UInt64,
        "i8" => ElementType.Int64,
        "f2" => ElementType.Float16,
        "f4" => ElementType.Float32,
        "f8" => ElementType.Float64,
        _ => throw new InputException(
            "An NPY file has an element type that is not supported.",
            where: path,
            found: descr,
            expected: "bool, an integer or a float",
            remedy: part == SetPart.Labels ? "number the classes in the teacher's order; if that is alphabetical: numpy.unique(y, return_inverse=True)[1]"
                : "convert it with array.astype(numpy.float32)"),
    };

    [GeneratedRegex(@"'descr'\s*:\s*'([<>|=]?\w+)'")]
    private static partial Regex DescrPattern();

    [GeneratedRegex(@"'fortran_order'\s*:\s*(True|False)")]
    private static partial Regex FortranPattern();

    [GeneratedRegex(@"'shape'\s*:\s*\(([\d,\s]*)\)")]
    private static partial Regex ShapePattern();
}
