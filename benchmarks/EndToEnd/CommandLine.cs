using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>The command line as a user has it: the launcher at the root of a checkout, in a process of its own.</summary>
internal sealed class CommandLine(string checkout)
{
    private static readonly Lazy<CommandLine> BuiltHere = new(() => Built(FindRoot()));

    /// <summary>This checkout's, built, so that no command is timed that builds it first.</summary>
    /// <exception cref="UsageException">It does not build.</exception>
    public static CommandLine OfThisCheckout => BuiltHere.Value;

    /// <summary>The root of this checkout.</summary>
    public static string Root => FindRoot();

    /// <summary>The root of the checkout.</summary>
    public string Checkout => checkout;

    /// <summary>Runs a command to its end.</summary>
    /// <returns>Its standard output, and its wall time.</returns>
    /// <exception cref="UsageException">It failed; holds what it wrote.</exception>
    public (string Output, double Seconds) Run(params string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Start(arguments);
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? (output, Stopwatch.GetElapsedTime(start).TotalSeconds)
            : throw new UsageException($"onnxkd {string.Join(' ', arguments)} ended with exit code {process.ExitCode}:\n{errors.Result}");
    }

    /// <summary>Starts a command and kills it with SIGKILL after a while.</summary>
    /// <returns>Whether it was still running then.</returns>
    public bool RunAndKill(TimeSpan after, params string[] arguments)
    {
        using var process = Start(arguments);
        _ = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        if (process.WaitForExit(after))
            return false;
        process.Kill(); // SIGKILL; the launcher has become the program by now, so there is one process
        process.WaitForExit();
        return true;
    }

    /// <summary>The figures that <c>run --json</c> printed.</summary>
    public static JsonElement Figures(string output) => JsonDocument.Parse(output).RootElement.Clone();

    /// <summary>The figures of the model with a role (teacher, student, baseline, a stage's name); <c>null</c>: there is none.</summary>
    public static JsonElement? Model(JsonElement run, string role) => run.GetProperty("models").EnumerateArray()
        .Select(model => (JsonElement?)model).FirstOrDefault(model => model!.Value.GetProperty("role").GetString() == role);

    /// <summary>SHA-256 over the files of a folder that match a pattern, with their names; stage records, which hold times, are left out.</summary>
    public static string Digest(string folder, string pattern)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(folder, pattern).Where(f => Path.GetFileName(f) is not "stage.json").Order(StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(file)));
            hash.AppendData(File.ReadAllBytes(file));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private Process Start(string[] arguments) => Process.Start(new ProcessStartInfo(Path.Combine(checkout, "onnxkd"), arguments)
    {
        WorkingDirectory = checkout,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static CommandLine Built(string root)
    {
        var commands = new CommandLine(root);
        commands.Run("--version");
        return commands;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OnnxKd.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new UsageException("the benchmarks must lie in a checkout");
    }
}
