namespace OnnxKd.Pipeline.Stages;

/// <summary>Versions that records name. Asking for a library's version loads it, so that is done only where it has run.</summary>
internal static class ProductVersion
{
    /// <summary>This program's: <c>0.1.0</c>.</summary>
    public static string OnnxKd { get; } = typeof(ProductVersion).Assembly.GetName().Version!.ToString(3);

    /// <summary>Of a stage that runs no library.</summary>
    public static IReadOnlyDictionary<string, string> OfThisProgram() => new SortedDictionary<string, string> { ["onnxkd"] = OnnxKd };

    /// <summary>Of a stage that runs ONNX Runtime.</summary>
    public static IReadOnlyDictionary<string, string> WithOnnxRuntime() =>
        new SortedDictionary<string, string> { ["onnxkd"] = OnnxKd, ["onnxruntime"] = OnnxRuntime };

    /// <summary>Of a stage that runs libtorch.</summary>
    public static IReadOnlyDictionary<string, string> WithLibTorch() =>
        new SortedDictionary<string, string> { ["libtorch"] = LibTorch, ["onnxkd"] = OnnxKd };

    /// <summary>Of a stage that runs both.</summary>
    public static IReadOnlyDictionary<string, string> WithBoth() =>
        new SortedDictionary<string, string> { ["libtorch"] = LibTorch, ["onnxkd"] = OnnxKd, ["onnxruntime"] = OnnxRuntime };

    /// <summary>The version of ONNX Runtime.</summary>
    public static string OnnxRuntime => Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString();

    private static string LibTorch => TorchSharp.torch.__version__;
}
