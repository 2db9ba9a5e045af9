using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>Names the streams of a capture.</summary>
internal static class StreamNames
{
    /// <summary>Checks that no two streams have one name.</summary>
    /// <exception cref="InputException">Two have.</exception>
    public static void RequireDistinct(IEnumerable<string> names)
    {
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InputException(
                "Two streams of the capture have the same name.", "teachers", $"'{twice.Key}' {twice.Count()} times", "a name for each",
                "give names: outputs: { name: tensor }, features: { name: tensor }, or the teacher's own name");
    }
}
