using System.Security.Cryptography;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Onnx;

/// <summary>An ONNX model file: its parsed content, where it came from, and its hash.</summary>
public sealed class OnnxModel
{
    private const string Kind = "A model";
    private const int WriteBytes = 1 << 16;

    private readonly string? fileDigest;

    private OnnxModel(ModelProto proto, string? path, string? fileDigest)
    {
        (Proto, Given) = (proto, proto);
        Path = path;
        this.fileDigest = fileDigest;
    }

    /// <summary>The parsed model, with all tensor data inside. Fields that the schema does not know are kept.</summary>
    public ModelProto Proto { get; }

    /// <summary>The model as the file says, whose maps are not replaced by the tensors that they are made of (<see cref="Maps"/>).</summary>
    public ModelProto Given { get; private init; }

    /// <summary>The file it was loaded from; <c>null</c> for a model built in memory.</summary>
    public string? Path { get; }

    /// <summary>The bytes of the file that it was loaded from and of its external data; 0 for a model built in memory.</summary>
    public long FileBytes => Files.Sum(file => file.Status.Length);

    /// <summary>The file that it was loaded from and those of its external data, as they were before they were read.</summary>
    internal IReadOnlyList<(string Path, FileStatus Status)> Files { get; private init; } = [];

    /// <summary>Whether nodes of the file stood before those whose tensors they read, and were put in order.</summary>
    public bool IsSorted { get; private init; }

    /// <summary>The IR version of the file, where it is newer than ONNX Runtime reads and nothing of it is used; <c>null</c>: the file has that of <see cref="Proto"/>.</summary>
    internal long? NewerIrVersion { get; private init; }

    /// <summary>Outputs that are sequences of maps in the file (scikit-learn's ZipMap), and are read as the tensors that these are made of.</summary>
    public IReadOnlyList<MappedOutput> Maps { get; private init; } = [];

    /// <summary>
    /// SHA-256 (lower-case hex) over the file's bytes and, in order of use, its external data; changes after loading do not show.
    /// For a model built in memory: <see cref="ContentDigest"/>.
    /// </summary>
    public string Digest => fileDigest ?? ContentDigest;

    /// <summary>SHA-256 (lower-case hex) over <see cref="ToBytes"/> as of now, without making them.</summary>
    /// <exception cref="UnsupportedModelException">More than 2 GB.</exception>
    public string ContentDigest => Hashing.Sha256(Write);

    /// <summary>
    /// The number of values in float initializers (and float constants) and of integer codes that DequantizeLinear reads, subgraphs included. Scales and zero points of
    /// codes do not count, and neither do scalars: they are settings, such as a dropout's ratio.
    /// </summary>
    public long ParameterCount
    {
        get
        {
            var rounding = Proto.Graph.Node.Where(node => node.OpType is "QuantizeLinear" or "DequantizeLinear").ToArray();
            var settings = rounding.SelectMany(node => node.Input.Skip(1)).ToHashSet(StringComparer.Ordinal);
            var codes = rounding.Where(node => node.OpType == "DequantizeLinear" && node.Input.Count > 0).Select(node => node.Input[0]).ToHashSet(StringComparer.Ordinal);
            return ModelTraversal.Tensors(Proto)
                    .Where(tensor => tensor.Dims.Count > 0 && (codes.Contains(tensor.Name) || TensorTypes.IsFloat(tensor.DataType) && !settings.Contains(tensor.Name)))
                    .Sum(tensor => (long)tensor.ElementCount())
                + Proto.Graph.Node.Where(node => node.OpType == "Constant").SelectMany(node => node.Attribute).Sum(attribute => (long)attribute.Floats.Count);
        }
    }

    /// <summary>Loads and validates a model; external data is checked and read in.</summary>
    /// <exception cref="InputException">
    /// Missing, not ONNX, truncated, structurally invalid, or external data missing or outside the model's folder.
    /// </exception>
    /// <exception cref="UnsupportedModelException">Its own file is larger than 2 GB, or it is too old to name its operator set.</exception>
    public static OnnxModel Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var own = (path, FileStatus.Of(path));
        var bytes = ReadFile(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(bytes);
        var (proto, external, putRight) = Parse(bytes, path, hash.AppendData);
        var given = ZipMaps.AreIn(proto.Graph!) ? proto.Clone() : proto; // which shares the tensors' bytes
        return new(proto, path, Convert.ToHexStringLower(hash.GetHashAndReset()))
        {
            Files = [own, .. external], IsSorted = putRight.IsSorted, NewerIrVersion = putRight.NewerIrVersion, Given = given, Maps = ZipMaps.Replace(proto),
        };
    }

    /// <summary>A model's own file, and those of its external data as far as it can be read.</summary>
    internal static IEnumerable<string> FilesOf(string path)
    {
        try
        {
            return ExternalData.FilesOf(ModelParser.Parse(ReadFile(path), path), path).Prepend(path);
        }
        catch (OnnxKdException)
        {
            return [path];
        }
    }

    /// <summary>The bytes of a model's own file and of its external data, as far as it can be read.</summary>
    internal static long BytesOf(string path) => FilesOf(path).Sum(file => FileStatus.Of(file).Length);

    /// <summary>Wraps a model built in memory, after the same validation as a file.</summary>
    /// <exception cref="InputException">Structurally invalid.</exception>
    public static OnnxModel FromProto(ModelProto proto)
    {
        ArgumentNullException.ThrowIfNull(proto);
        ModelValidation.Validate(proto, "model in memory");
        return new(proto, path: null, fileDigest: null);
    }

    /// <summary>A changed copy, which keeps the place of the file that it came from, for messages.</summary>
    /// <param name="proto">The copy; validated as a file is.</param>
    /// <exception cref="InputException">Structurally invalid.</exception>
    public OnnxModel With(ModelProto proto)
    {
        ModelValidation.Validate(proto, Path ?? "model in memory");
        return new(proto, Path, fileDigest: null);
    }

    /// <summary>A copy in which a tensor inside the graph is an output too, as floats; all else is as it was.</summary>
    /// <param name="change">Adds the output to a graph, and tells its name.</param>
    /// <returns>The copy, and the output's name.</returns>
    internal (OnnxModel Model, string Output) WithOutput(Func<GraphProto, string> change)
    {
        var proto = Proto.Clone(); // which shares the tensors' bytes
        var given = ReferenceEquals(Given, Proto) ? proto : Given.Clone();
        var output = change(proto.Graph);
        if (!ReferenceEquals(given, proto))
            change(given.Graph);
        return (new(proto, Path, fileDigest: null) { Given = given, Maps = Maps }, output);
    }

    /// <summary>The model's bytes: equal content gives equal bytes.</summary>
    /// <exception cref="UnsupportedModelException">More than 2 GB.</exception>
    public byte[] ToBytes()
    {
        ModelSize.Require(Proto, Path ?? "model in memory");
        return Proto.ToByteArray();
    }

    /// <summary>Writes the model atomically (beside, flushed, renamed), all data in the one file.</summary>
    /// <exception cref="UnsupportedModelException">More than 2 GB.</exception>
    public void Save(string path) => AtomicFile.Write(path, Write);

    /// <summary>Sets or replaces an entry of the model's metadata.</summary>
    public void SetMetadata(string key, string value)
    {
        var entry = Proto.MetadataProps.FirstOrDefault(e => e.Key == key);
        if (entry is null)
            Proto.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        else
            entry.Value = value;
    }

    /// <summary>An entry of the model's metadata; <c>null</c> if absent.</summary>
    public string? GetMetadata(string key) => Proto.MetadataProps.FirstOrDefault(e => e.Key == key)?.Value;

    /// <summary>What was put right in a file.</summary>
    internal readonly record struct Corrections(bool IsSorted, bool IsTrimmed, long? NewerIrVersion);

    internal static (ModelProto Proto, IReadOnlyList<(string Path, FileStatus Status)> External, Corrections PutRight) Parse(byte[] bytes, string path, Action<byte[]> onExternal)
    {
        var proto = ModelParser.Parse(bytes, path);
        (string, FileStatus)[] external = [.. ExternalData.FilesOf(proto, path).Select(file => (file, FileStatus.Of(file)))];
        ExternalData.ReadIn(proto, path, onExternal);
        var isSorted = proto.Graph is not null && NodeOrder.Sort(proto.Graph);
        ModelValidation.Validate(proto, path);
        return (proto, external, new(isSorted, OmittedInputs.Trim(proto.Graph!), IrVersions.Lower(proto, path)));
    }

    private void Write(Stream stream)
    {
        ModelSize.Require(Proto, Path ?? "model in memory");
        using var coded = new CodedOutputStream(stream, WriteBytes, leaveOpen: true);
        Proto.WriteTo(coded);
    }

    internal static byte[] ReadFile(string path)
    {
        InputFile.RequireRegular(path, Kind);
        var length = FileStatus.Of(path).Length;
        return length <= Array.MaxLength ? InputFile.ReadAllBytes(path, Kind) : throw ModelSize.TooLarge(path, length);
    }
}
