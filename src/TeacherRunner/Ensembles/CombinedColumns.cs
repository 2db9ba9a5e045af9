namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>The columns of an ensemble's rows, and where each teacher has them.</summary>
internal sealed class CombinedColumns
{
    private readonly int[] widths;
    private readonly (int Teacher, int At)[][] having;

    private CombinedColumns(int[] widths, (int Teacher, int At)[][] having) => (this.widths, this.having) = (widths, having);

    /// <summary>Values of a combined row.</summary>
    public int Count => having.Length;

    /// <summary>Whether all teachers have all columns.</summary>
    public bool AreShared => Array.TrueForAll(widths, width => width == Count);

    /// <summary>Columns that all teachers have, in the same order.</summary>
    public static CombinedColumns Same(int teachers, int count) => new(
        [.. Enumerable.Repeat(count, teachers)],
        [.. Enumerable.Range(0, count).Select(column => Enumerable.Range(0, teachers).Select(teacher => (teacher, column)).ToArray())]);

    /// <summary>The classes that any teacher has, in their order.</summary>
    /// <param name="classes">The student's classes that each teacher's columns stand for, ascending.</param>
    public static CombinedColumns Union(IReadOnlyList<IReadOnlyList<int>> classes) => new(
        [.. classes.Select(own => own.Count)],
        [
            .. ClassesOf(classes).Select(wanted => classes
                .Select((own, teacher) => (Teacher: teacher, At: own.ToList().IndexOf(wanted))).Where(place => place.At >= 0).ToArray()),
        ]);

    /// <summary>The classes of <see cref="Union"/>.</summary>
    public static int[] ClassesOf(IReadOnlyList<IReadOnlyList<int>> classes) => [.. classes.SelectMany(own => own).Distinct().Order()];

    /// <summary>The teachers that have a column, and where in their rows.</summary>
    public ReadOnlySpan<(int Teacher, int At)> Having(int column) => having[column];

    /// <summary>A row of a teacher.</summary>
    public ReadOnlySpan<float> RowOf(int teacher, Memory<float> values, int row) => values.Span.Slice(row * widths[teacher], widths[teacher]);
}
