using System.ComponentModel;
using System.Diagnostics;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>The programs that fetch packages; none of them needs the rights of root.</summary>
/// <param name="Npm">npm.</param>
/// <param name="AptGet">Debian's apt-get.</param>
/// <param name="DpkgDeb">Debian's dpkg-deb, which unpacks.</param>
/// <param name="Dotnet">The .NET SDK's dotnet.</param>
internal sealed record PackageTools(string Npm, string AptGet = "apt-get", string DpkgDeb = "dpkg-deb", string Dotnet = "dotnet")
{
    /// <summary>Those on the PATH.</summary>
    public static PackageTools OnPath { get; } = new(OperatingSystem.IsWindows() ? "npm.cmd" : "npm");

    /// <summary>Starts a program whose output is read; <c>null</c> if there is none of that name.</summary>
    public static Process? Start(string program, string folder, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C" }, // messages are looked at
        };
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">The program.</param>
    /// <param name="folder">Its current folder.</param>
    /// <param name="token">Ends it, and what it has started.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Whether it succeeded, and what it wrote; <c>null</c> if there is no such program.</returns>
    public static ToolResult? Run(string program, string folder, CancellationToken token, params IEnumerable<string> arguments)
    {
        using var process = Start(program, folder, arguments);
        if (process is null)
            return null;
        using var end = token.Register(() => process.Kill(entireProcessTree: true));
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEnd();
        var written = output.GetAwaiter().GetResult();
        process.WaitForExit();
        token.ThrowIfCancellationRequested();
        return new(process.ExitCode == 0, errors.Trim().Length > 0 ? errors : written);
    }
}

/// <summary>How a program ended.</summary>
/// <param name="Succeeded">Whether its exit code was 0.</param>
/// <param name="Errors">What it wrote to its error output, or where it wrote nothing to that, to its output.</param>
internal sealed record ToolResult(bool Succeeded, string Errors)
{
    /// <summary>The first lines that say something, for a message.</summary>
    public string Summary => string.Join("; ", Errors.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).Take(4)) is { Length: > 0 } text
        ? text
        : "no message";
}
