using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>
/// The classes that folders are. Their order makes the labels, so that whatever would move them without a word is refused: a class without files, folders that are parts of
/// a set, numbers that stand in another order as texts.
/// </summary>
internal static class ClassFolders
{
    private static readonly HashSet<string> parts = new(StringComparer.OrdinalIgnoreCase)
    {
        "train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation",
    };

    /// <summary>Finds them.</summary>
    /// <param name="root">The folder of sources.</param>
    /// <param name="kind">What is looked for, in the plural, for messages.</param>
    /// <param name="found">The folders on the first level in which there are sources.</param>
    /// <param name="known">The classes in the order of their indices; <c>null</c>: the folders themselves, in the order of their names.</param>
    /// <exception cref="InputException">The folders do not tell the classes, or one is none of those that are known.</exception>
    public static IReadOnlyList<string> Find(string root, string kind, IReadOnlySet<string> found, IReadOnlyList<string>? known)
    {
        if (known is not null)
            return found.Except(known).Order(StringComparer.Ordinal).FirstOrDefault() is not { } other ? known : throw new InputException(
                "A folder is none of the classes.", Path.Combine(root, other), $"'{other}'", string.Join(", ", known), "correct the name of the folder, or --classes");
        string[] names = [.. found.Order(StringComparer.Ordinal)];
        if (names.All(parts.Contains))
            throw new InputException(
                "Folders would be classes that are called like the parts of a set.", root, string.Join(", ", names), "a folder for each class",
                $"prepare each part by itself ({Path.Combine(root, names[^1])}), all but the first with the classes of the first: --classes FOLDER-OF-THE-FIRST-SET");
        if (FolderWalk.Folders(root).Except(found).Order(StringComparer.Ordinal).FirstOrDefault() is { } empty)
            throw new InputException(
                $"A folder holds no {kind}, so that it is not clear whether it is a class.", Path.Combine(root, empty), "none",
                $"some in each folder: the place of a class among the others is its label",
                "remove the folder, convert what is in it, or name the classes in their order, one a line: --classes FILE");
        if (names.Length > 1 && Array.TrueForAll(names, name => ulong.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            && !names.SequenceEqual(names.OrderBy(name => ulong.Parse(name, CultureInfo.InvariantCulture))))
            throw new InputException(
                "It is not clear in which order folders are classes: their names are numbers.", root, $"as texts {Some(names)}; as numbers {Some([.. names.OrderBy(name => ulong.Parse(name, CultureInfo.InvariantCulture))])}",
                "the order in which the teacher learned them", "name the classes in that order, one a line: --classes FILE");
        return names;

        static string Some(string[] names) => string.Join(", ", names.Take(4)) + (names.Length > 4 ? ", ..." : "");
    }
}
