using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>The operator sets that a model is written with.</summary>
internal static class OperatorSets
{
    /// <summary>Whether a domain is that of ONNX's own operators, which has two names.</summary>
    public static bool IsOwn(string domain) => domain is "" or "ai.onnx";

    /// <summary>The version of ONNX's own operators; <c>null</c>: the model imports none.</summary>
    public static long? OwnVersion(this ModelProto model) => model.OpsetImport.FirstOrDefault(import => IsOwn(import.Domain))?.Version;

    /// <summary>Imports another domain's operators where the model does not yet.</summary>
    /// <param name="model">The model; changed.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="version">The version.</param>
    public static void Import(this ModelProto model, string domain, long version)
    {
        if (model.OpsetImport.All(import => import.Domain != domain))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = version });
    }
}
