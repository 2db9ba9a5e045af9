using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Onnx;

/// <summary>Parses a file's bytes, and says what is wrong with those that are not a model.</summary>
internal static class ModelParser
{
    // Fields of ModelProto beyond those in the schema have small numbers too (configuration is 26); others are a sign of garbage.
    private const int LargestPlausibleField = 99;

    private static readonly HashSet<int> Repeated =
    [
        ModelProto.OpsetImportFieldNumber, ModelProto.MetadataPropsFieldNumber,
        ModelProto.TrainingInfoFieldNumber, ModelProto.FunctionsFieldNumber,
    ];

    /// <summary>Parses a model, whose weights then lie in these very bytes.</summary>
    public static ModelProto Parse(byte[] bytes, string path)
    {
        if (bytes.Length == 0)
            throw NotOnnx(path, "an empty file", "fetch or export it again");
        if (Foreign(bytes) is { } foreign)
            throw NotOnnx(path, foreign.Found, foreign.Remedy);
        Walk(bytes, path);
        try
        {
            return InPlaceReader.Read(bytes);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new InputException(
                "An ONNX file is damaged.", where: path, found: error.Message, remedy: "fetch or export it again", inner: error);
        }
    }

    /// <summary>Files that people pass by mistake.</summary>
    private static (string Found, string Remedy)? Foreign(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("PK"u8))
            return ("a ZIP archive (a PyTorch checkpoint, perhaps)", "export the model with torch.onnx.export");
        if (bytes is [0x89, (byte)'H', (byte)'D', (byte)'F', ..])
            return ("an HDF5 file (a Keras model, perhaps)", "export the model with tf2onnx");
        if (bytes is [0x1f, 0x8b, ..])
            return ("a gzipped file", "unpack it: gunzip");
        if (bytes.StartsWith("<!"u8) || bytes.StartsWith("<html"u8))
            return ("a web page, not the file itself", "fetch it again, from where it can be downloaded");
        if (bytes.StartsWith("version https://git-lfs"u8))
            return ("a Git LFS pointer, not the file itself", "run: git lfs pull");
        return null;
    }

    /// <summary>Walks the outermost fields: tells truncation, trailing bytes and foreign formats apart, with the place.</summary>
    private static void Walk(byte[] bytes, string path)
    {
        var input = new CodedInputStream(bytes);
        var seen = new HashSet<int>();
        long start = 0;
        try
        {
            while (!input.IsAtEnd)
            {
                start = input.Position;
                var tag = input.ReadTag();
                var field = WireFormat.GetTagFieldNumber(tag);
                var isGroup = WireFormat.GetTagWireType(tag) is WireFormat.WireType.StartGroup or WireFormat.WireType.EndGroup;
                if (field > LargestPlausibleField || isGroup)
                    throw seen.Contains(ModelProto.GraphFieldNumber)
                        ? Trailing($"field {field}")
                        : NotOnnx(path, $"field {field} at byte {start}", "check the file");
                if (!seen.Add(field) && !Repeated.Contains(field) && field <= ModelProto.FunctionsFieldNumber)
                    throw Trailing($"field {field} for the second time");
                input.SkipLastField();
            }
        }
        catch (InvalidProtocolBufferException error)
        {
            throw seen.Count == 0 || !seen.Contains(ModelProto.IrVersionFieldNumber)
                ? NotOnnx(path, $"{error.Message} (at byte {start})", "check the file", error)
                : new InputException(
                    "An ONNX file is truncated or damaged.",
                    where: $"{path}, the field that begins at byte {start}",
                    found: $"{bytes.Length} bytes",
                    remedy: "fetch or export it again",
                    inner: error);
        }
        if (!seen.Contains(ModelProto.GraphFieldNumber))
            throw seen.Contains(ModelProto.IrVersionFieldNumber)
                ? new InputException(
                    "An ONNX file has no graph.", path, $"{bytes.Length} bytes", "a graph", "it may be truncated: fetch it again")
                : NotOnnx(path, $"{bytes.Length} bytes without a graph", "check the file");

        InputException Trailing(string found) => new(
            "An ONNX file has bytes after its end.", where: $"{path}, byte {start}", found: found, remedy: "fetch or export it again");
    }

    private static InputException NotOnnx(string path, string found, string remedy, Exception? inner = null) =>
        new("A file is not an ONNX model.", path, found, "a ModelProto with a graph", remedy, inner);
}
