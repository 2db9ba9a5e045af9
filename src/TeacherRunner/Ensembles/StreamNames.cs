using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>Names the streams of a capture.</summary>
internal static class StreamNames
{
    /// <summary>Every stream of a capture, once.</summary>
    public static IReadOnlyList<string> Of(CaptureOptions options) =>
        [.. options.Teachers.SelectMany((teacher, index) => OfTeacher(options, index)).Distinct(StringComparer.Ordinal)];

    /// <summary>The streams of a teacher: its answer, which several may share, then its further outputs and features.</summary>
    public static IReadOnlyList<string> OfTeacher(CaptureOptions options, int index)
    {
        var teacher = options.Teachers[index];
        var name = options.Teachers.Count > 1 ? teacher.StreamAt(index) : null;
        var answer = options.Combination == Combination.Single ? name : null;
        return [answer ?? CacheStream.Answer, .. teacher.Outputs.Concat(teacher.Features).Select(tapped => tapped.NameAt(name))];
    }

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
