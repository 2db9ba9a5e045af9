using System.Globalization;
using System.Text;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Text;

/// <summary>The classes of lines: a file with one line per line, all class indices, or all names.</summary>
/// <param name="Labels">Class indices.</param>
/// <param name="Classes">The names, in the order of their indices; <c>null</c> where indices were given.</param>
internal sealed record LineLabels(IReadOnlyList<long> Labels, IReadOnlyList<string>? Classes)
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="count">How many lines there must be.</param>
    /// <param name="known">The classes in the order of their indices; <c>null</c>: the names of the file, in their order.</param>
    /// <exception cref="InputException">It cannot be read, has another number of lines, or names a class that is not known.</exception>
    public static LineLabels Read(string path, long count, IReadOnlyList<string>? known)
    {
        string[] names = [.. new TextLines(path).Read().Select(line => Encoding.UTF8.GetString(line).Trim())];
        if (names.Length != count)
            throw new InputException(
                "Texts and labels differ in number.", path, $"{names.Length} labels", $"{count}: one per line of text");
        if (known is null && Array.TrueForAll(names, name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            return new([.. names.Select(name => long.Parse(name, CultureInfo.InvariantCulture))], null);
        var classes = known ?? [.. names.Distinct().Order(StringComparer.Ordinal)];
        var places = ClassNames.Places(classes);
        if (Array.FindIndex(names, name => !places.ContainsKey(name)) is >= 0 and var wrong)
            throw new InputException("A label is none of the classes.", $"{path}:{wrong + 1}", $"'{names[wrong]}'", string.Join(", ", classes), "correct the label, or --classes");
        return new([.. names.Select(name => (long)places[name])], classes);
    }
}
