using System.Diagnostics;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>Runs 'dotnet', as a user or a build of this repository would.</summary>
internal static class DotNet
{
    /// <summary>Runs 'dotnet msbuild' to its end.</summary>
    /// <returns>Its exit code, and all that it wrote.</returns>
    public static (int ExitCode, string Output) Msbuild(params IEnumerable<string> arguments) => Run("", ["msbuild", "-nodeReuse:false", .. arguments]);

    /// <summary>Runs a command in a folder to its end.</summary>
    /// <returns>Its exit code, and all that it wrote.</returns>
    public static (int ExitCode, string Output) Run(string folder, params IEnumerable<string> arguments) => Run(folder, new Dictionary<string, string>(), arguments);

    /// <summary>The same with variables of the environment.</summary>
    public static (int ExitCode, string Output) Run(string folder, IReadOnlyDictionary<string, string> environment, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_CLI_UI_LANGUAGE"] = "en" },
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        start.Environment.Remove("Accelerator");
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name); // of the msbuild that runs these tests
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
