using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Terminal;

/// <summary>A limit on the size of files, which the system enforces by a signal that ends a process.</summary>
public sealed class FileSizeLimitTests : IDisposable
{
    private const int Blocks = 64; // of 1,024 bytes

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Command_ThatWritesBeyondTheLimit_SaysSoAndLeavesNoFile()
    {
        MnistPictures.Write(folder["pictures.npy"], 10);
        string[] convert = ["convert", Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx"), "--to", "opset=18", "-o", folder["new.onnx"], "--samples", folder["pictures.npy"]];
        var start = new ProcessStartInfo("bash", ["-c", $"ulimit -f {Blocks}; exec dotnet \"$@\"", "bash", typeof(CommandLine).Assembly.Location, .. convert])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_EnableWriteXorExecute"] = "0" },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Contains("A file would be larger than this process", await errors);
        Assert.Contains("ulimit -f", await errors);
        Assert.Equal((int)ExitCode.BadInput, process.ExitCode);
        Assert.Equal([folder["pictures.npy"]], Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
