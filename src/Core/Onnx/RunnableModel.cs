using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Onnx;

/// <summary>A model as a session of ONNX Runtime takes it: bytes, which were validated.</summary>
/// <param name="Bytes">Those of an ONNX model, or of one in ONNX Runtime's own format.</param>
/// <param name="Root">Where the paths of external data begin that the bytes name; <c>null</c>: all weights are in the bytes.</param>
internal sealed record RunnableModel(byte[] Bytes, string? Root = null)
{
    /// <summary>Whether the bytes are a model in ONNX Runtime's own format.</summary>
    public bool IsOrtFormat => HasOrtFormat(Bytes);

    /// <summary>A model in memory. Where it has more than a protocol-buffers message can hold, what came from external data is read from there once more.</summary>
    /// <param name="model">The model, which was validated.</param>
    /// <param name="where">Its file or name, for messages.</param>
    /// <param name="most">The bytes of a message at most.</param>
    /// <exception cref="UnsupportedModelException">It has more than that in other places.</exception>
    /// <exception cref="InputException">A file of external data was changed since it was read.</exception>
    public static RunnableModel Of(ModelProto model, string where, long most = int.MaxValue)
    {
        if (ModelSize.Of(model) <= most)
            return new(model.ToByteArray());
        var outside = model.Clone(); // which shares the tensors' bytes
        var root = ExternalData.PutBack(outside);
        ModelSize.Require(outside, where, most);
        return new(outside.ToByteArray(), root);
    }

    /// <summary>
    /// A file. An ONNX file is validated as <see cref="OnnxModel.Load"/> does, and given as it is, or, where something was put right or lies in other files, as a
    /// model that says the same; one in ONNX Runtime's own format is taken as it is.
    /// </summary>
    /// <inheritdoc cref="OnnxModel.Load"/>
    public static RunnableModel Read(string path)
    {
        var bytes = OnnxModel.ReadFile(path);
        if (HasOrtFormat(bytes))
            return new(bytes);
        var (proto, external, putRight) = OnnxModel.Parse(bytes, path, onExternal: _ => { });
        return putRight != default || external.Count > 0 ? Of(proto, path) : new(bytes);
    }

    private static bool HasOrtFormat(ReadOnlySpan<byte> bytes) => bytes.Length > 8 && bytes[4..].StartsWith("ORTM"u8);
}
