namespace OnnxKd.TeacherRunner.Teachers;

/// <summary>The classes that a student learns, where its teachers have others.</summary>
/// <param name="Count">How many.</param>
/// <param name="Names">Their names, in the order of their indices; empty: they have none.</param>
public sealed record ClassList(int Count, IReadOnlyList<string> Names)
{
    internal const string Form = "a list of names, or a whole number from 2 on";
}
