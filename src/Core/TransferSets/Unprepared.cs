using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>What people name as samples before it was prepared: folders, pictures, sounds.</summary>
internal static class Unprepared
{
    private const int MostEntries = 1_000;

    private static readonly (string Command, string[] Endings, byte[][] Beginnings)[] known =
    [
        ("images", [".png", ".jpg", ".jpeg"], [[0x89, (byte)'P', (byte)'N', (byte)'G'], [0xff, 0xd8, 0xff]]),
        ("audio", [".wav", ".flac", ".mp3"], ["RIFF"u8.ToArray(), "fLaC"u8.ToArray(), "ID3"u8.ToArray()]),
    ];

    /// <summary>Refuses a folder, with what to do about what lies in it.</summary>
    /// <exception cref="InputException">It is one.</exception>
    public static void RefuseFolder(string path)
    {
        if (Directory.Exists(path))
            throw new InputException("A folder is named where a data file is needed.", path, "a folder", "a file, or a pattern", remedy: RemedyOf(path));
    }

    /// <summary>What to do about a file of no known format.</summary>
    /// <param name="head">Its beginning.</param>
    public static string RemedyOf(byte[] head) =>
        known.FirstOrDefault(kind => kind.Beginnings.Any(beginning => head.AsSpan().StartsWith(beginning))).Command is { } command
            ? Prepare(command, "FOLDER")
            : "convert it to one of these formats";

    private static string RemedyOf(string folder)
    {
        string[] names = [.. Entries(folder)];
        if (names.FirstOrDefault(name => Path.GetFileName(name) == "samples.safetensors") is { } prepared)
            return $"name the file in it: {prepared}";
        return known.FirstOrDefault(kind => names.Any(name => kind.Endings.Contains(Path.GetExtension(name).ToLowerInvariant()))).Command is { } command
            ? Prepare(command, folder)
            : $"name the file in it, or several by a pattern such as \"{Path.Combine(folder, "*.npy")}\"";
    }

    private static IEnumerable<string> Entries(string folder) => Directory
        .EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true })
        .Take(MostEntries);

    private static string Prepare(string command, string folder) => $"make a set of them: onnxkd prepare {command} {ShellWord.Of(folder)} -o prepared; it says which file to name";
}
