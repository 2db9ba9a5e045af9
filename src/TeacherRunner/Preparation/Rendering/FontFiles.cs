using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>Finds font files by name.</summary>
internal static class FontFiles
{
    private const string SystemFolder = "/usr/share/fonts";

    private static readonly (string Prefix, string Package)[] packages =
    [
        ("DejaVu", "fonts-dejavu-core"), ("Liberation", "fonts-liberation"), ("Free", "fonts-freefont-ttf"),
        ("wqy-microhei", "fonts-wqy-microhei"), ("wqy-zenhei", "fonts-wqy-zenhei"),
    ];

    /// <summary>The path of a font.</summary>
    /// <param name="font">A path, or the name of a file below <c>/usr/share/fonts</c>, with or without its ending.</param>
    /// <exception cref="InputException">It is not there; the message says which Debian package has it, if that is known.</exception>
    public static string Find(string font)
    {
        if (File.Exists(font))
            return Path.GetFullPath(font);
        var known = Directory.Exists(SystemFolder)
            ? Directory.EnumerateFiles(SystemFolder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            : Enumerable.Empty<string>();
        return known.FirstOrDefault(path => Path.GetFileName(path) == font || Path.GetFileNameWithoutExtension(path) == font)
            ?? throw new InputException(
                "A font is not installed.", found: $"'{font}'", expected: $"a file, or the name of one below {SystemFolder}",
                remedy: Array.Find(packages, p => font.StartsWith(p.Prefix, StringComparison.OrdinalIgnoreCase)) is { Package: { } package }
                    ? $"apt-get install {package}"
                    : "install it, or choose another");
    }
}
