using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>Checks of the options that architectures share.</summary>
internal static class StudentChecks
{
    /// <summary>The widths, all positive; the architecture's own if none are given.</summary>
    public static IReadOnlyList<int> Widths(StudentOptions options, IReadOnlyList<int> defaults)
    {
        var widths = options.Widths ?? defaults;
        foreach (var width in widths)
            Positive("widths", width);
        return widths;
    }

    /// <summary>A size.</summary>
    public static int Positive(string name, int value) => value > 0
        ? value
        : throw new InputException("A size of the student is out of range.", $"student.{name}", $"{value}", "1 or more");

    /// <summary>Dropout probabilities, one per place; all 0 if none are given.</summary>
    public static IReadOnlyList<double> Dropout(StudentOptions options, int places, string meaning)
    {
        var dropout = options.Dropout ?? [.. Enumerable.Repeat(0.0, places)];
        if (dropout.Count != places || dropout.Any(probability => !(probability >= 0 && probability < 1)))
            throw new InputException(
                "The dropout probabilities do not fit the student.",
                where: "student.dropout",
                found: Shapes.Format(dropout),
                expected: $"{places} numbers from 0 to below 1: {meaning}");
        return dropout;
    }

    /// <summary>Refuses an option that an architecture does not have.</summary>
    public static void RequireUnset(StudentOptions options, string name, bool set)
    {
        if (set)
            throw new InputException(
                $"The architecture '{options.Architecture}' has no '{name}'.", where: $"student.{name}", remedy: "remove it");
    }
}
