using System.Diagnostics;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Build;

/// <summary>The script that builds and runs the program, with a dotnet that only pretends to.</summary>
public sealed class LauncherTests : IDisposable
{
    private const string Pretender = """
        #!/usr/bin/env bash
        case $1 in
          --version) echo 10.0.100 ;;
          publish) mkdir -p "$6"; sleep 600 >/dev/null 2>&1 & echo $! >>"$(dirname "$0")/servers" ;;
          *) echo "runs with ${*:2}" ;;
        esac
        """;

    private readonly TemporaryFolder folder = new();

    public LauncherTests()
    {
        foreach (var script in new[] { "onnxkd", "eng/env.sh" })
            Executable(script, File.ReadAllText(Path.Combine(Repository.Root, script)));
        Executable("path/dotnet", Pretender);
        foreach (var source in new[] { "src/One.cs", "eng/build/Two.targets", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json" })
            folder.Write(source, "");
    }

    /// <summary>As the servers of the compiler and of MSBuild do, a process of the build goes on running; it must not keep the lock of builds.</summary>
    [Fact]
    public void Launcher_AfterABuildThatLeavesAProcess_BuildsAChangedSourceAndRuns()
    {
        Assert.Equal("runs with --version\n", Launch("--version"));
        folder.Write("src/One.cs", "changed");
        Assert.Equal("runs with inspect a b\n", Launch("inspect", "a b"));
        Assert.Equal("runs with inspect a b\n", Launch("inspect", "a b"));
        Assert.Equal(2, Servers.Length);
    }

    public void Dispose()
    {
        foreach (var server in Servers)
            Process.GetProcessById(server).Kill();
        folder.Dispose();
    }

    private int[] Servers => [.. File.ReadAllLines(folder["path/servers"]).Select(int.Parse)];

    private string Launch(params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(folder["onnxkd"], words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = $"{folder["path"]}:{Environment.GetEnvironmentVariable("PATH")}", ["Accelerator"] = "cpu" },
        })!;
        if (!process.WaitForExit(TimeSpan.FromMinutes(1)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("The launcher waits for ever.");
        }

        Assert.True(process.ExitCode == 0, process.StandardError.ReadToEnd());
        return process.StandardOutput.ReadToEnd();
    }

    private void Executable(string name, string content)
    {
        folder.Write(name, content);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
