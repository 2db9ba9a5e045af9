using System.Globalization;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;
using static Onnx.TensorProto.Types;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// Tensor data in files beside the model (ONNX's external data). A model is input from strangers: what it names must lie in its own folder,
/// or where the model itself is a link (in the folder of a download cache) beside what that leads to, links included, and within the file; this is
/// checked before anything is read.
/// </summary>
internal static class ExternalData
{
    /// <summary>A part of a file, and what the file was like when it was read.</summary>
    private sealed record Span(string File, long Offset, int Length, FileStatus Status);

    // The bytes that tensors share tell where they came from, whatever copies of a model hold them.
    private static readonly ConditionalWeakTable<ByteString, Span> origins = [];

    private static readonly string[] KnownKeys = ["location", "offset", "length", "checksum", "basepath"];

    /// <summary>Reads all external data into the tensors.</summary>
    /// <param name="model">The parsed model.</param>
    /// <param name="modelPath">Its file.</param>
    /// <param name="used">Called with each tensor's bytes, in order.</param>
    public static void ReadIn(ModelProto model, string modelPath, Action<byte[]> used)
    {
        var folder = RealPath(Path.GetDirectoryName(Path.GetFullPath(modelPath))!);
        string[] allowed = [folder, Path.GetDirectoryName(RealPath(Path.GetFullPath(modelPath)))!];
        long total = new FileInfo(modelPath).Length;
        var spans = ModelTraversal.Tensors(model).Where(t => t.DataLocation == DataLocation.External)
            .Select(t => (Tensor: t, Span: Locate(t, modelPath, folder, allowed))).ToList();
        foreach (var (_, span) in spans)
            total += span.Length;
        ModelSize.RequireMemory(modelPath, total);

        foreach (var (tensor, span) in spans)
        {
            var bytes = new byte[span.Length];
            using (var handle = InputFile.OpenHandle(span.File, "External data"))
            {
                if (handle.ReadWhole(bytes, span.Offset) != bytes.Length)
                    throw Bad("External data ends too early.", tensor, modelPath, span.File, $"{span.Offset + span.Length} bytes");
            }
            used(bytes);
            TensorData.ClearValues(tensor);
            tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
            origins.Add(tensor.RawData, span);
        }
    }

    /// <summary>Takes the data out of a model's tensors again that was read in, and lets them name its files, by paths from a common root.</summary>
    /// <param name="model">The model; changed.</param>
    /// <returns>The root.</returns>
    /// <exception cref="InputException">A file was changed since it was read.</exception>
    public static string PutBack(ModelProto model)
    {
        var root = Path.GetPathRoot(Environment.CurrentDirectory)!;
        foreach (var tensor in ModelTraversal.Tensors(model))
        {
            if (!origins.TryGetValue(tensor.RawData, out var span))
                continue;
            if (FileStatus.Of(span.File) != span.Status)
                throw new InputException(
                    "A file of external data was changed while it was used.", $"{span.File}, tensor '{tensor.Name}'", expected: "the file as it was first read", remedy: "run this again");
            tensor.RawData = ByteString.Empty;
            tensor.DataLocation = DataLocation.External;
            foreach (var (key, value) in new (string, object)[] { ("location", Path.GetRelativePath(root, span.File)), ("offset", span.Offset), ("length", span.Length) })
                tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = $"{value}" });
        }

        return root;
    }

    /// <summary>The files that a model names, whether or not they may be read.</summary>
    /// <param name="model">The parsed model.</param>
    /// <param name="modelPath">Its file.</param>
    public static IEnumerable<string> FilesOf(ModelProto model, string modelPath) => ModelTraversal.Tensors(model)
        .Where(tensor => tensor.DataLocation == DataLocation.External)
        .SelectMany(tensor => tensor.ExternalData).Where(entry => entry.Key == "location").Select(entry => entry.Value).Distinct()
        .Select(location => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(modelPath))!, location)).ToArray();

    private static Span Locate(TensorProto tensor, string modelPath, string folder, string[] allowed)
    {
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in tensor.ExternalData)
        {
            if (!KnownKeys.Contains(entry.Key) || !entries.TryAdd(entry.Key, entry.Value))
                throw Bad(
                    "A tensor's external data is described wrongly.",
                    tensor, modelPath, $"key '{entry.Key}'", $"{string.Join(", ", KnownKeys)}, each once");
        }
        if (!entries.TryGetValue("location", out var location) || location.Length == 0)
            throw Bad("A tensor's external data has no location.", tensor, modelPath, null, "a file name");
        if (Path.IsPathRooted(location) || location.Contains('\\') || location.Contains(':') || location.Split('/').Contains(".."))
            throw Outside(location);
        var file = Path.Combine(folder, location);
        if (!File.Exists(file))
            throw new InputException(
                "A file of external data is missing.",
                where: $"{modelPath}, tensor '{tensor.Name}'",
                found: $"no file {file}",
                remedy: "copy it beside the model, under the same name as when it was exported");
        var real = RealPath(file);
        if (!Array.Exists(allowed, place => real.StartsWith(Path.EndsInDirectorySeparator(place) ? place : place + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
            throw Outside($"{location}, a link to {real}");

        var type = $"{TensorTypes.Name(tensor.DataType)} {Shapes.Format(tensor.Dims)}";
        if (!Shapes.TryElements(tensor.Dims, out var elements) || elements > int.MaxValue
            || TensorTypes.Bits(tensor.DataType) is not { } bits)
            throw Bad(
                "A tensor with external data has an impossible type or shape.", tensor, modelPath, type, "a numeric tensor below 2 GB");
        var expected = (elements * bits + 7) / 8;
        var status = FileStatus.Of(real);
        var available = status.Length;
        var offset = Number("offset", 0);
        var length = Number("length", expected);
        if (length != expected)
            throw Bad(
                "The length of external data does not fit the tensor.",
                tensor, modelPath, $"{length} bytes", $"{expected} bytes ({type})");
        if (offset > available || length > available - offset)
            throw Bad(
                "External data lies outside its file.",
                tensor, modelPath, $"{length} bytes from byte {offset} on", $"within the {available} bytes of {location}");
        if (length > Array.MaxLength)
            throw new UnsupportedModelException(
                "A tensor is too large.", $"{modelPath}, tensor '{tensor.Name}'", $"{length:N0} bytes", $"at most {Array.MaxLength:N0} bytes", "use a smaller model, or one with float16 weights");
        return new(real, offset, (int)length, status);

        InputException Outside(string found) => new(
            "A model's external data lies outside the model's folder.",
            where: $"{modelPath}, tensor '{tensor.Name}'",
            found: found,
            expected: "a relative path inside the folder, without '..'",
            remedy: "do not use this model, or move the data beside it and correct the location");

        long Number(string key, long absent) =>
            !entries.TryGetValue(key, out var text) ? absent
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
            : throw Bad($"The {key} of external data is not a number.", tensor, modelPath, $"'{text}'", "a number of bytes, at least 0");
    }

    /// <summary>The path with every link on the way resolved.</summary>
    private static string RealPath(string path)
    {
        var parent = Path.GetDirectoryName(path);
        if (parent is null)
            return path;
        var here = Path.Combine(RealPath(parent), Path.GetFileName(path));
        FileSystemInfo info = Directory.Exists(here) ? new DirectoryInfo(here) : new FileInfo(here);
        try
        {
            return info.LinkTarget is null ? here : RealPath(info.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
        }
        catch (IOException error)
        {
            throw new InputException("A link cannot be followed.", here, error.Message, remedy: "remove it", inner: error);
        }
    }

    private static InputException Bad(string what, TensorProto tensor, string modelPath, string? found, string expected) =>
        new(what, where: $"{modelPath}, tensor '{tensor.Name}'", found, expected, "export the model again");
}
