using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>ONNX Runtime Extensions: the operators that decode images and sound and that tokenise.</summary>
internal static class ExtensionsLibrary
{
    /// <summary>The domain of the tokenizers and of the audio decoder.</summary>
    public const string ContribDomain = "ai.onnx.contrib";

    /// <summary>The domain of the image decoder.</summary>
    public const string ImageDomain = "com.microsoft.extensions";

    /// <summary>The file's name.</summary>
    public static string FileName { get; } = OperatingSystem.IsWindows() ? "ortextensions.dll"
        : OperatingSystem.IsMacOS() ? "libortextensions.dylib"
        : "libortextensions.so";

    /// <summary>Makes the operators known to a session.</summary>
    /// <exception cref="MachineException">The library is missing or cannot be loaded.</exception>
    public static void Register(SessionOptions options)
    {
        var path = Path.Combine(AppContext.BaseDirectory, FileName);
        try
        {
            options.RegisterCustomOpLibrary(path);
        }
        catch (OnnxRuntimeException error)
        {
            throw new MachineException(
                "ONNX Runtime Extensions cannot be loaded.", path, Sessions.SessionFactory.Explain(error),
                "the library of the package Microsoft.ML.OnnxRuntime.Extensions", "build again", error);
        }
    }
}
