using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>Finds font files by name.</summary>
internal static class FontFiles
{
    private const string SystemFolder = "/usr/share/fonts";

    // The sets of fonts that 'onnxkd data fetch' fetches.
    private const string FetchedSets = "fonts-*";

    private static readonly (string Prefix, string Command)[] sources =
    [
        ("DejaVu", "onnxkd data fetch fonts-dejavu"), ("Liberation", "onnxkd data fetch fonts-latin"), ("Free", "onnxkd data fetch fonts-latin"),
        ("ipaex", "onnxkd data fetch fonts-japanese"), ("wqy-microhei", "apt-get install fonts-wqy-microhei"), ("wqy-zenhei", "apt-get install fonts-wqy-zenhei"),
    ];

    /// <summary>The path of a font.</summary>
    /// <param name="font">
    /// A path, or the name, with or without its ending, of a file in one of the fetched sets of fonts or below <c>/usr/share/fonts</c>.
    /// </param>
    /// <exception cref="InputException">It is not there; the message says which set or Debian package has it, if that is known.</exception>
    public static string Find(string font)
    {
        if (File.Exists(font))
            return Path.GetFullPath(font);
        return Folders().SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            .FirstOrDefault(path => Path.GetFileName(path) == font || Path.GetFileNameWithoutExtension(path) == font)
            ?? throw new InputException(
                "A font is not installed.", found: $"'{font}'", expected: $"a file, or the name of one in {FetchedSets} or {SystemFolder}",
                remedy: Array.Find(sources, s => font.StartsWith(s.Prefix, StringComparison.OrdinalIgnoreCase)) is { Command: { } command }
                    ? command
                    : "install it, or choose another");
    }

    private static IEnumerable<string> Folders() => new[] { DataFolder.Current }
        .Where(Directory.Exists)
        .SelectMany(data => Directory.EnumerateDirectories(data, FetchedSets).Order(StringComparer.Ordinal))
        .Append(SystemFolder)
        .Where(Directory.Exists);
}
