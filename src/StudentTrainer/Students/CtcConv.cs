using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A recogniser of text or speech without recurrence (in the manner of Collobert et al. 2016): convolutions along time over the columns of
/// an image or over feature frames; each frame gives logits, [N, T, classes], for CTC (Graves et al. 2006).
/// </summary>
internal static class CtcConv
{
    private static readonly StudentOption<string> Input = Option.Word("input", ["image", "frames"], "what samples are");
    private static readonly StudentOption<int> Hidden = Option.Size("hidden", 256, "channels of the convolutions along time");
    private static readonly StudentOption<int> Depth = Option.Size("depth", 3, "convolutions along time");
    private static readonly StudentOption<int> Kernel = Option.Size("kernel", 5, "frames that one of them sees, an odd number");
    private static readonly StudentOption<double> Dropout = Option.Probability("dropout", 0, "before the classifier");

    /// <summary>Its declaration.</summary>
    public static Architecture Architecture { get; } = new(
        "ctc-conv", "convolutions for CTC", "images of text lines of any width, or sequences [length, features]",
        [Input, Columns.Widths, Columns.Halvings, Hidden, Depth, Kernel, Dropout], Build);

    private static OnnxModel Build(StudentRequest student)
    {
        var kernel = student.Get(Kernel);
        if (kernel % 2 == 0)
            throw student.Misfit(Kernel, $"{kernel}", "an odd number");
        var graph = student.Start();
        var x = student.Get(Input) == "image"
            ? student.ImageColumns(graph)
            : graph.Transpose("channels-first", student.Frames(graph), 0, 2, 1);
        for (var layer = 1; layer <= student.Get(Depth); layer++)
        {
            var name = $"time{layer}";
            x = graph.Relu($"{name}.relu", graph.NormalizedConvolution(name, x, student.Get(Hidden), kernel));
        }
        x = graph.Dropout("dropout", graph.Transpose("frames", x, 0, 2, 1), student.Get(Dropout));
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}
