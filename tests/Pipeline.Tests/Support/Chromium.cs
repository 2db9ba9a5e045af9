using System.Diagnostics;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>A Chromium of the machine, without a window.</summary>
internal static class Chromium
{
    /// <summary>The program: that of <c>ONNXKD_CHROMIUM</c>, or the first that is on the path; <c>null</c>: there is none.</summary>
    public static string? Program { get; } = Environment.GetEnvironmentVariable("ONNXKD_CHROMIUM") ?? (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => new[] { "chromium", "chromium-browser", "google-chrome", "chrome" }.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>Opens a page and lets its scripts run.</summary>
    /// <param name="page">The file.</param>
    /// <param name="isDark">Whether the user wants dark colours.</param>
    /// <param name="profile">A folder for what Chromium keeps.</param>
    /// <returns>The document as it is then, and what was written to the console.</returns>
    public static (string Document, IReadOnlyList<string> Console) Open(string page, bool isDark, string profile)
    {
        using var process = Process.Start(new ProcessStartInfo(
            Program!,
            [
                "--headless", "--no-sandbox", "--disable-gpu", $"--user-data-dir={profile}", "--enable-logging=stderr", "--virtual-time-budget=60000",
                $"--blink-settings=preferredColorScheme={(isDark ? 0 : 1)}", "--dump-dom", new Uri(page).AbsoluteUri,
            ]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var document = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (document, [.. errors.Result.Split('\n').Where(line => line.Contains(":CONSOLE", StringComparison.Ordinal))]);
    }
}

/// <summary>A test that needs Chromium; without one it is skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumTheoryAttribute : TheoryAttribute
{
    public ChromiumTheoryAttribute() => Skip = Chromium.Program is null ? "there is no Chromium on the path (apt-get install chromium)" : null;
}
