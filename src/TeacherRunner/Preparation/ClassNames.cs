using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>The names of classes in the order of their indices, where that is not the order of the names.</summary>
internal static class ClassNames
{
    /// <summary>Reads them.</summary>
    /// <param name="path">A text file with a name in each line, or the folder of a prepared set, which knows its classes.</param>
    /// <exception cref="InputException">There are none, one is empty, or one stands there twice.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        if (Directory.Exists(path))
            return PreparedSources.SetOf(Path.Combine(path, PreparedSet.SamplesFile))?.Classes ?? throw new InputException(
                "A folder does not tell the names of classes.", path, "no prepared set with classes", "the folder of one, or a text file with a name in each line", "correct --classes");
        string[] names = [.. Encoding.UTF8.GetString(InputFile.ReadAllBytes(path, "A file of classes")).Trim('\ufeff').TrimEnd().Split('\n').Select(name => name.Trim())];
        return names.CountBy(name => name).FirstOrDefault(name => name.Value > 1 || name.Key.Length == 0) is not { Key: { } wrong } ? names : throw new InputException(
            wrong.Length == 0 ? "A class has no name." : "Two classes have one name.", path, $"'{wrong}'", "the name of another class in each line", "correct the file");
    }

    /// <summary>Where each name stands.</summary>
    public static IReadOnlyDictionary<string, int> Places(IReadOnlyList<string> names) => names.Index().ToDictionary(name => name.Item, name => name.Index);
}
