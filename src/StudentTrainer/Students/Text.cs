using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>What the architectures of text share.</summary>
internal static class Text
{
    /// <summary>How many positions there are.</summary>
    public static StudentOption<int?> Context { get; } =
        Option.OptionalSize("context", "the longest text in tokens; by default the length of the samples");

    /// <summary>How many positions are asked for.</summary>
    /// <exception cref="Core.Errors.InputException">Fewer than a sample has.</exception>
    public static int Longest(StudentRequest student)
    {
        var length = student.SampleShape[0];
        var context = student.Get(Context) ?? length;
        return context >= length ? context : throw student.Misfit(Context, $"{context}", $"{length} or more, the length of the samples");
    }
}
