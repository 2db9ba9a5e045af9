using System.Globalization;
using System.Text;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Text;

/// <summary>The classes of lines: a file with one line per line, all class indices, or all names.</summary>
/// <param name="Labels">Class indices.</param>
/// <param name="Classes">The names, in the order of their characters' codes; <c>null</c> where indices were given.</param>
internal sealed record LineLabels(IReadOnlyList<long> Labels, IReadOnlyList<string>? Classes)
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="count">How many lines there must be.</param>
    /// <exception cref="InputException">It cannot be read, or has another number of lines.</exception>
    public static LineLabels Read(string path, long count)
    {
        string[] names = [.. new TextLines(path).Read().Select(line => Encoding.UTF8.GetString(line).Trim())];
        if (names.Length != count)
            throw new InputException(
                "Texts and labels differ in number.", path, $"{names.Length} labels", $"{count}: one per line of text");
        if (Array.TrueForAll(names, name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            return new([.. names.Select(name => long.Parse(name, CultureInfo.InvariantCulture))], null);
        string[] classes = [.. names.Distinct().Order(StringComparer.Ordinal)];
        var indices = classes.Index().ToDictionary(c => c.Item, c => (long)c.Index);
        return new([.. names.Select(name => indices[name])], classes);
    }
}
