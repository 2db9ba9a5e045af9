using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Text;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>What a teacher's classes are among those that the student learns.</summary>
internal sealed class ClassMap
{
    private const string Nothing = "none";

    private readonly int[][] groups;

    private ClassMap(IReadOnlyList<int?> classes, int of)
    {
        (Classes, Of) = (classes, of);
        Columns = [.. classes.OfType<int>().Distinct().Order()];
        groups = [.. Columns.Select(column => Enumerable.Range(0, classes.Count).Where(own => classes[own] == column).ToArray())];
    }

    /// <summary>For each of the teacher's classes the student's; <c>null</c>: the student has no such class.</summary>
    public IReadOnlyList<int?> Classes { get; }

    /// <summary>How many classes the student has.</summary>
    public int Of { get; }

    /// <summary>The student's classes that the teacher knows, ascending: the columns of what is stored.</summary>
    public IReadOnlyList<int> Columns { get; }

    /// <summary>The map of a teacher; <c>null</c>: its classes are the student's.</summary>
    /// <exception cref="InputException">It names a class that the student does not have, or too few.</exception>
    public static ClassMap? Find(TeacherOptions teacher, ClassList? classes)
    {
        if (teacher.Classes is not { } written)
            return null;
        var where = $"classes of {teacher.Place}";
        if (classes is null)
            throw new InputException(
                "A teacher says what its classes are, and nothing says which classes the student has.", where,
                remedy: "add capture.classes: their names in their order, or how many they are");
        var map = new ClassMap([.. written.Select(name => name == Nothing ? null : (int?)Index(name, classes, where))], classes.Count);
        return map.Columns.Count > 1 ? map : throw new InputException(
            "A teacher knows fewer than two of the student's classes, so it cannot tell any apart.", where, $"{map.Columns.Count}", "two or more");
    }

    /// <summary>
    /// Refuses teachers whose classes are not the student's: a map of another length, or no map where the numbers differ.
    /// </summary>
    /// <param name="options">The capture.</param>
    /// <param name="counts">How many classes each teacher gives; <c>null</c>: that is not known, or it gives something else.</param>
    /// <exception cref="InputException">Names the teacher, and what can be done.</exception>
    public static void Require(CaptureOptions options, IReadOnlyList<int?> counts)
    {
        var common = options.Classes?.Count ?? (options.Combination == Combination.Single ? null : counts.FirstOrDefault(count => count is not null));
        foreach (var (teacher, count) in options.Teachers.Zip(counts))
        {
            var map = Find(teacher, options.Classes);
            if (count is null)
                continue;
            if (map is not null && map.Classes.Count != count)
                throw new InputException(
                    "A teacher has another number of classes than its entry says.", $"classes of {teacher.Place}", $"{map.Classes.Count} entries",
                    $"{count}, one for each class that it gives", $"say '{Nothing}' for a class that the student does not have");
            if (map is null && common is { } expected && count != expected)
                throw new InputException(
                    options.Classes is null ? "The teachers have different classes." : "A teacher has other classes than the student.", teacher.Place,
                    $"{count} classes", $"{expected} classes, as {(options.Classes is null ? $"{FirstKnown(options, counts)} has" : "capture.classes says")}",
                    "say which is which: capture.classes, and under the teacher 'classes' with an entry for each of its own (docs/methods/several-teachers.md)");
        }
    }

    /// <summary>
    /// Turns a teacher's rows into rows of <see cref="Columns"/>, in place and one after the other. Where several of its classes are one of the
    /// student's, their probabilities add up.
    /// </summary>
    /// <param name="rows">Rows × its classes.</param>
    /// <returns>How many values are left, at the front.</returns>
    public int Apply(Span<float> rows)
    {
        var (from, to) = (0, 0);
        Span<float> row = new float[Classes.Count];
        for (; from < rows.Length; from += row.Length)
        {
            rows.Slice(from, row.Length).CopyTo(row);
            foreach (var group in groups)
                rows[to++] = group.Length == 1 ? row[group[0]] : (float)SoftmaxMath.LogSumExp(row, group);
        }

        return to;
    }

    /// <summary>Which classes a stream of some columns stands for; <c>null</c>: all.</summary>
    public static ClassSubset? SubsetOf(IReadOnlyList<int> columns, int of) => columns.Count == of ? null : new(columns, of);

    private static string FirstKnown(CaptureOptions options, IReadOnlyList<int?> counts) =>
        options.Teachers[counts.ToList().FindIndex(count => count is not null)].File;

    private static int Index(string name, ClassList classes, string where)
    {
        if (classes.Names.ToList().IndexOf(name) is >= 0 and var named)
            return named;
        if (int.TryParse(name, out var index) && index >= 0 && index < classes.Count)
            return index;
        throw new InputException(
            "A teacher's class is not one of the student's.", where, $"'{name}'",
            classes.Names.Count > 0 ? $"one of {string.Join(", ", classes.Names)}, an index below {classes.Count}, or {Nothing}" : $"an index below {classes.Count}, or {Nothing}",
            Suggestions.Nearest(name, classes.Names) is { } nearest ? $"did you mean '{nearest}'?" : "correct it, or add the class to capture.classes");
    }
}
