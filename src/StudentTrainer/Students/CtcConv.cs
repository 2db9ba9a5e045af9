using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A recogniser of text or speech without recurrence (in the manner of Collobert et al. 2016): convolutions along time over the columns of
/// an image or over feature frames; each frame gives logits, [N, T, classes], for CTC (Graves et al. 2006).
/// </summary>
public sealed record CtcConv : ColumnReader
{
    /// <summary>What samples are.</summary>
    [Setting("what samples are", Words = ["image", "frames"])]
    public string Input { get; init; } = "image";

    /// <summary>Channels of the convolutions along time.</summary>
    [Setting("channels of the convolutions along time", AtLeast = 1, AtMost = Most)]
    public int Hidden { get; init; } = 256;

    /// <summary>Convolutions along time.</summary>
    [Setting("convolutions along time", AtLeast = 1, AtMost = Most)]
    public int Depth { get; init; } = 3;

    /// <summary>Frames that one of them sees, an odd number.</summary>
    [Setting("frames that one of them sees, an odd number", AtLeast = 1, AtMost = Most)]
    public int Kernel { get; init; } = 5;

    /// <summary>Before the classifier.</summary>
    [Setting("before the classifier", AtLeast = 0, Below = 1)]
    public double Dropout { get; init; }

    /// <inheritdoc/>
    internal override string Meaning => "convolutions for CTC";

    /// <inheritdoc/>
    internal override string Samples => "images of text lines of any width, or sequences [length, features]";

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        if (Kernel % 2 == 0)
            throw student.Misfit(nameof(Kernel), $"{Kernel}", "an odd number");
        var graph = student.Start();
        var x = Input == "image"
            ? Columns(student, graph)
            : graph.Transpose("channels-first", student.Frames(graph), 0, 2, 1);
        for (var layer = 1; layer <= Depth; layer++)
        {
            var name = $"time{layer}";
            x = graph.Relu($"{name}.relu", graph.NormalizedConvolution(name, x, Hidden, Kernel));
        }
        x = graph.Dropout("dropout", graph.Transpose("frames", x, 0, 2, 1), Dropout);
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}
