using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A text recogniser after Shi et al. 2017: convolutions turn the image of a line into columns, LSTM layers read them both ways, and each
/// gives logits, [N, T, classes], for CTC; T is by default a quarter of the image's width.
/// </summary>
public sealed record Crnn : ColumnReader
{
    /// <summary>State of each direction.</summary>
    [Setting("state of each direction", AtLeast = 1, AtMost = Most)]
    public int Hidden { get; init; } = 256;

    /// <summary>Recurrent layers.</summary>
    [Setting("recurrent layers", AtLeast = 1, AtMost = Most)]
    public int Depth { get; init; } = 2;

    /// <summary>Between the recurrent layers.</summary>
    [Setting("between the recurrent layers", AtLeast = 0, Below = 1)]
    public double Dropout { get; init; }

    /// <inheritdoc/>
    internal override string Meaning => "convolutions and bidirectional LSTM for CTC";

    /// <inheritdoc/>
    internal override string Samples => "images of text lines of any width";

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var graph = student.Start();
        var x = graph.Transpose("time-first", Columns(student, graph), 2, 0, 1);
        x = graph.Bidirectional("LSTM", x, Hidden, Depth, Dropout);
        return graph.Build(graph.Dense("classifier", graph.Transpose("frames", x, 1, 0, 2), student.Classes));
    }
}
