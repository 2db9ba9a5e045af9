using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A text recogniser after Shi et al. 2017: convolutions turn the image of a line into columns, LSTM layers read them both ways, and each
/// gives logits, [N, T, classes], for CTC; T is by default a quarter of the image's width.
/// </summary>
internal static class Crnn
{
    private static readonly StudentOption<int> Hidden = Option.Size("hidden", 256, "state of each direction");
    private static readonly StudentOption<int> Depth = Option.Size("depth", 2, "recurrent layers");
    private static readonly StudentOption<double> Dropout = Option.Probability("dropout", 0, "between the recurrent layers");

    /// <summary>Its declaration.</summary>
    public static Architecture Architecture { get; } = new(
        "crnn", "convolutions and bidirectional LSTM for CTC", "images of text lines of any width",
        [Columns.Widths, Columns.Halvings, Hidden, Depth, Dropout], Build);

    private static OnnxModel Build(StudentRequest student)
    {
        var graph = student.Start();
        var x = graph.Transpose("time-first", student.ImageColumns(graph), 2, 0, 1);
        x = graph.Bidirectional("LSTM", x, student.Get(Hidden), student.Get(Depth), student.Get(Dropout));
        return graph.Build(graph.Dense("classifier", graph.Transpose("frames", x, 1, 0, 2), student.Classes));
    }
}
