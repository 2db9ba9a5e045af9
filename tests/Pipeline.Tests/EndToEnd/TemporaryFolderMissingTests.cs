using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

[Collection(nameof(TinyProject))]
public sealed class TemporaryFolderMissingTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("convert", "TEACHER", "--to", "float16", "-o", "OUTPUT")]
    [InlineData("evaluate", "--model", "TEACHER")]
    public async Task Command_WithoutTheTemporaryFolder_NamesIt(params string[] words)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [typeof(CommandLine).Assembly.Location, .. words.Select(word => word switch { "TEACHER" => project["teacher.onnx"], "OUTPUT" => folder["new.onnx"], _ => word }), "--samples", project["test.npy"]])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["TMPDIR"] = folder["missing"], ["DOTNET_EnableDiagnostics"] = "0" },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Equal((int)ExitCode.BadInput, process.ExitCode);
        Assert.All(["The temporary folder does not exist.", folder["missing"], "TMPDIR"], part => Assert.Contains(part, errors.Result));
    }

    public void Dispose() => folder.Dispose();
}
