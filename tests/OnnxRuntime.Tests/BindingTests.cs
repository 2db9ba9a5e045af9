using Microsoft.ML.OnnxRuntime;

namespace OnnxKd.OnnxRuntime.Tests;

public class BindingTests
{
    [Fact]
    public void Version_OfTheLoadedLibrary_IsTheOneTheSourcesWereWrittenFor() =>
        Assert.Equal("1.29.0", OrtEnv.Instance().GetVersionString());

    [Fact]
    public void Providers_Always_IncludeTheCpu() =>
        Assert.Contains("CPUExecutionProvider", OrtEnv.Instance().GetAvailableProviders());

    [Fact]
    public void Session_OnAModelBuiltInMemory_Computes()
    {
        using var session = new InferenceSession(TinyModel.Doubling());
        using var input = OrtValue.CreateTensorValueFromMemory(new[] { 1f, -2f, 0.5f, 0f, 1e30f, -1e-30f }, [2, 3]);
        using var run = new RunOptions();

        using var outputs = session.Run(run, ["x"], [input], ["y"]);

        Assert.Equal([2L, 3L], outputs[0].GetTensorTypeAndShape().Shape);
        Assert.Equal([2f, -4f, 1f, 0f, 2e30f, -2e-30f], outputs[0].GetTensorDataAsSpan<float>().ToArray());
    }

    [Fact]
    public void Session_WithPreallocatedBuffers_WritesIntoThem()
    {
        using var session = new InferenceSession(TinyModel.Doubling());
        float[] x = [1, 2, 3], y = new float[3];
        using var input = OrtValue.CreateTensorValueFromMemory(x, [1, 3]);
        using var output = OrtValue.CreateTensorValueFromMemory(y, [1, 3]);
        using var run = new RunOptions();
        using var binding = session.CreateIoBinding();
        binding.BindInput("x", input);
        binding.BindOutput("y", output);

        session.RunWithBinding(run, binding);
        Assert.Equal([2f, 4f, 6f], y);

        x[0] = 10;
        session.RunWithBinding(run, binding);
        Assert.Equal([20f, 4f, 6f], y);
    }

    [Fact]
    public void Session_OnAnUnknownOperator_ThrowsOnnxRuntimeExceptionThatNamesIt()
    {
        var error = Assert.Throws<OnnxRuntimeException>(() => new InferenceSession(TinyModel.Doubling("Zorp")));
        Assert.Contains("Zorp", error.Message);
    }

    /// <summary>What callers rely on to tell "this library has no CUDA" from "CUDA is here but does not work".</summary>
    [Fact]
    public void AppendCuda_OnALibraryWithoutCuda_ThrowsEntryPointNotFound()
    {
        var hasCuda = OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider");
        using var options = new SessionOptions();

        var error = Record.Exception(() => options.AppendExecutionProvider_CUDA(0));

        Assert.Equal(!hasCuda, error is EntryPointNotFoundException);
    }
}
