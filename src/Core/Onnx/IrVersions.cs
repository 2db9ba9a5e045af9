using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// Versions of the file format. ONNX Runtime refuses one that is newer than itself, whatever is in the file, and exporters write the newest that they know.
/// </summary>
internal static class IrVersions
{
    /// <summary>The newest that the ONNX Runtime of this build reads.</summary>
    public const long Newest = 13;

    /// <summary>Takes a model of which nothing is newer than <see cref="Newest"/> down to it.</summary>
    /// <param name="model">The model; changed.</param>
    /// <param name="where">The file, for messages.</param>
    /// <returns>The version that it had; <c>null</c>: it was not too new.</returns>
    /// <exception cref="UnsupportedModelException">It has fields that came later.</exception>
    public static long? Lower(ModelProto model, string where)
    {
        var version = model.IrVersion;
        if (version <= Newest)
            return null;
        if (HasUnknownFields(model))
            throw new UnsupportedModelException(
                "A model is of a newer file format than ONNX Runtime reads.", where, $"IR version {version}, with fields that are not known", $"IR version {Newest} or older",
                "export the model again with an older version of the exporter");
        model.IrVersion = Newest;
        return version;
    }

    private static bool HasUnknownFields(ModelProto model) =>
        ModelProto.Parser.WithDiscardUnknownFields(true).ParseFrom(model.ToByteArray()).CalculateSize() != model.CalculateSize();
}
