using OnnxKd.Core.Settings;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>An architecture of text.</summary>
public abstract record TextStack : BlockStack
{
    private protected TextStack(int width, int depth, int heads)
        : base(width, depth, heads)
    {
    }

    /// <summary>The longest text in tokens; by default the length of the samples.</summary>
    [Setting("the longest text in tokens; by default the length of the samples", AtLeast = 1, AtMost = Most)]
    public int? Context { get; init; }

    /// <summary>How many positions are asked for.</summary>
    /// <exception cref="Core.Errors.InputException">Fewer than a sample has.</exception>
    private protected int Longest(StudentRequest student)
    {
        var length = student.SampleShape.Parts.FirstOrDefault(part => part.IsRowOfNames)?.Elements ?? student.SampleShape[0];
        var context = Context ?? length;
        return context >= length ? context : throw student.Misfit(nameof(Context), $"{context}", $"{length} or more, the length of the samples");
    }
}
