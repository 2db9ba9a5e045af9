using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary>The files that a command made.</summary>
internal static class FileList
{
    /// <summary>Writes their paths, with what each one is.</summary>
    public static void Write(TextWriter stdout, OutputStyle style, params IEnumerable<(string Name, string? Path)> files)
    {
        var made = files.Where(file => file.Path is not null).ToDictionary(file => file.Name, file => file.Path!);
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(made));
        else
            foreach (var (name, path) in made)
                stdout.WriteLine($"{name}: {path}");
    }
}
