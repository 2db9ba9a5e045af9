namespace OnnxKd.Core.Onnx;

/// <summary>An ONNX model file: its parsed content, where it came from, and its hash.</summary>
public sealed class OnnxModel
{
    /// <summary>Loads and validates a model; external data is checked and read in.</summary>
    /// <exception cref="Errors.InputException">Missing, not ONNX, truncated, structurally invalid, or external data missing or outside the model's folder.</exception>
    public static OnnxModel Load(string path) => throw new NotImplementedException();

    /// <summary>Wraps a model built in memory.</summary>
    public static OnnxModel FromProto(global::Onnx.ModelProto proto) => throw new NotImplementedException();

    /// <summary>The parsed model, with all tensor data inside.</summary>
    public global::Onnx.ModelProto Proto => throw new NotImplementedException();

    /// <summary>The file it was loaded from; <c>null</c> for a model built in memory.</summary>
    public string? Path => throw new NotImplementedException();

    /// <summary>SHA-256 (lower-case hex) over the file's bytes and, in order of use, its external data.</summary>
    public string Digest => throw new NotImplementedException();

    /// <summary>The number of values in float initializers (and float constants).</summary>
    public long ParameterCount => throw new NotImplementedException();

    /// <summary>The model's bytes, deterministic.</summary>
    public byte[] ToBytes() => throw new NotImplementedException();

    /// <summary>Writes the model atomically (beside, flushed, renamed).</summary>
    public void Save(string path) => throw new NotImplementedException();

    /// <summary>Sets or replaces an entry of the model's metadata.</summary>
    public void SetMetadata(string key, string value) => throw new NotImplementedException();
}
