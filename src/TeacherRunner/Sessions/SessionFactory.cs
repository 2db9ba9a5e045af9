using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>Opens ONNX Runtime sessions, with its refusals turned into errors that say whose fault it is.</summary>
internal static partial class SessionFactory
{
    // How ONNX Runtime 1.31 words "this model is fine, but I cannot run it". It has no error code of its own for most of them.
    private static readonly string[] Unsupported =
        ["is not a registered function/op", "No Op registered for", "NotImplemented", "is under development", "Unsupported model IR version"];

    private const string ExternalDataRoot = "session.model_external_initializers_file_folder_path";

    // It knows the operator, and computes it in other types only.
    private const string NoKernel = "Could not find an implementation";

    /// <summary>Opens a session on a model in memory.</summary>
    /// <exception cref="UnsupportedModelException">ONNX Runtime does not know an operator, type or version that the model uses.</exception>
    /// <exception cref="InputException">ONNX Runtime finds the model invalid.</exception>
    /// <param name="proto">The model.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="threads">Threads of ONNX Runtime.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <param name="brief">Whether it will run once or twice only, so that optimising the graph would take longer than it saves.</param>
    public static InferenceSession Open(ModelProto proto, ExecutionDevice device, int threads, string model, bool brief = false) =>
        Open(RunnableModel.Of(proto, model), device, threads, model, brief);

    /// <inheritdoc cref="Open(ModelProto, ExecutionDevice, int, string, bool)"/>
    /// <param name="runnable">The model.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="threads">Threads of ONNX Runtime.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <param name="brief">Whether it will run once or twice only.</param>
    /// <param name="set">Sets other options.</param>
    public static InferenceSession Open(RunnableModel runnable, ExecutionDevice device, int threads, string model, bool brief = false, Action<SessionOptions>? set = null)
    {
        using var options = device.CreateSessionOptions(threads);
        if (runnable.Root is { } root)
            options.AddSessionConfigEntry(ExternalDataRoot, root);
        if (brief)
        {
            options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
            options.AddSessionConfigEntry("session.disable_prepacking", "1"); // of weights: a copy of them
        }

        try
        {
            set?.Invoke(options);
            return new(runnable.Bytes, options);
        }
        catch (OnnxRuntimeException e) when (e.Message.Contains(NoKernel))
        {
            throw new UnsupportedModelException(
                "ONNX Runtime does not compute an operator of the model in the type that it has.", model, Explain(e),
                $"types that ONNX Runtime {OrtEnv.Instance().GetVersionString()} computes the operator in ({device.Provider})",
                "export the model in float32, or in float16: bfloat16, for one, runs on few devices", e);
        }
        catch (OnnxRuntimeException e) when (Array.Exists(Unsupported, e.Message.Contains))
        {
            throw new UnsupportedModelException(
                "ONNX Runtime cannot run the model: it uses something that this version does not know.", model, Explain(e),
                $"operators, types and versions of ONNX Runtime {OrtEnv.Instance().GetVersionString()}",
                "export the model again with an older opset, or without the operator named above", e);
        }
        catch (OnnxRuntimeException e) when (ModelLimits.IsOutOfMemory(e))
        {
            throw ModelLimits.TooMuchMemory(model, e);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InputException(
                "ONNX Runtime refused the model as invalid.", model, Explain(e), "a valid ONNX model",
                "check the file, for example by exporting it again", e);
        }
    }

    /// <summary>What an exception of ONNX Runtime says, without its source files and error codes.</summary>
    public static string Explain(OnnxRuntimeException e) => Preamble().Replace(e.Message, "").Trim();

    [GeneratedRegex(@"^.*\[ONNXRuntimeError\] : \d+ : \w+ : |^\[ErrorCode:\w+\] ", RegexOptions.Singleline)]
    private static partial Regex Preamble();
}
