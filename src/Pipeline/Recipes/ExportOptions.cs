using OnnxKd.Core.Settings;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Where a student's preprocessing is.</summary>
internal enum PreprocessingPlace
{
    /// <summary>In the model, which takes samples as they are stored.</summary>
    Inside,

    /// <summary>With whoever runs the model.</summary>
    Outside,
}

/// <summary>Whose input and output an exported student has.</summary>
internal enum ExportedInterface
{
    /// <summary>The teacher's: a session that was written for it runs the student.</summary>
    Teacher,

    /// <summary>The student's own.</summary>
    Own,
}

/// <summary>The key <c>export</c>: how trained models become files.</summary>
internal sealed record ExportOptions
{
    /// <summary>
    /// Where preprocessing is; <c>null</c>: with the teacher's interface, the file takes what the teacher takes; else the student's own preprocessing is
    /// inside, the data's outside.
    /// </summary>
    [Setting("where a student's preprocessing is: in its file, or with whoever runs it; auto: the file takes what the teacher takes; with an interface of its own the student's preprocessing is inside, the data's outside", Null = "auto")]
    public PreprocessingPlace? Preprocessing { get; init; }

    /// <summary>Whose names, types, layout and last function the file has; <c>null</c>: the teacher's, where the student is built in.</summary>
    [Setting("whose names, types and layout of input and output, and whose last function, the file has: the teacher's, so that it can stand in for it, or the student's own; auto: the teacher's for built-in students", Null = "auto")]
    public ExportedInterface? Interface { get; init; }
}
