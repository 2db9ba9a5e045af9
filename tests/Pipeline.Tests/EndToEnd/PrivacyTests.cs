using System.Diagnostics;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

public sealed class PrivacyTests : IDisposable
{
    private readonly TemporaryFolder home = new();

    /// <summary>ONNX Runtime keeps its reports in the home folder until they are sent.</summary>
    [Fact]
    public void Inspect_OfAModel_LeavesNoReportsOfOnnxRuntimeAtHome()
    {
        var model = LinearModel.Write(home["model.onnx"]);
        var command = typeof(Pipeline.Commands.RecipeArguments).Assembly.Location;
        var start = new ProcessStartInfo("dotnet", [command, "inspect", model])
        {
            RedirectStandardOutput = true,
            Environment = { ["HOME"] = home.Path, ["XDG_CACHE_HOME"] = null, ["ORT_DISABLE_TELEMETRY"] = null, ["CI"] = null },
        };

        using var process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        Assert.Equal(0, process.ExitCode);
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(home.Path, "*", SearchOption.AllDirectories),
            entry => entry.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));
    }

    public void Dispose() => home.Dispose();
}
