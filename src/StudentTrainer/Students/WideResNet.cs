using System.Globalization;
using System.Text.RegularExpressions;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// Wide residual networks (Zagoruyko and Komodakis 2016): three stages of (depth − 4)/6 blocks that normalise before they convolve, with
/// 16, 32 and 64 channels times the widening factor. <c>wrn-D-K</c> has depth D and factor K.
/// </summary>
internal static partial class WideResNet
{
    private static readonly StudentOption<int> Depth = Option.Size("depth", 16, "weighted layers: 10, 16, 22, ... (6n + 4)");
    private static readonly StudentOption<int> Widening = Option.Size("widening", 2, "factor on the channels");
    private static readonly StudentOption<double> Dropout = Option.Probability("dropout", 0, "between the convolutions of a block");

    /// <summary>Its declaration; the sizes listed are those of the literature, every other legal one is read from its name.</summary>
    public static Architecture Architecture { get; } =
        new("wrn", "wide residual network, wrn-D-K for any legal depth D and factor K", "images", [Depth, Widening, Dropout], Build)
        {
            Sizes = [Sized(16, 1), Sized(16, 2), Sized(28, 10), Sized(40, 1), Sized(40, 2)],
            Parse = name => Pattern().Match(name) is { Success: true } match ? Sized(Number(match, 1), Number(match, 2)) : null,
        };

    private static NamedSize Sized(int depth, int widening) => new($"wrn-{depth}-{widening}", (Depth, depth), (Widening, widening));

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^wrn-(\d{1,4})-(\d{1,3})$")]
    private static partial Regex Pattern();

    private static OnnxModel Build(StudentRequest student)
    {
        var depth = student.Get(Depth);
        if (depth < 10 || depth % 6 != 4)
            throw student.Misfit(Depth, $"{depth}", "10, 16, 22, ... (6n + 4)");
        var graph = student.Start();
        var x = graph.Convolution("conv", student.Images(graph), 16, 3);
        for (var stage = 1; stage <= 3; stage++)
        {
            for (var block = 1; block <= (depth - 4) / 6; block++)
            {
                var stride = stage > 1 && block == 1 ? 2 : 1;
                x = Block(graph, $"stage{stage}.block{block}", x, (8 << stage) * student.Get(Widening), stride, student.Get(Dropout));
            }
        }
        x = graph.Relu("relu", graph.BatchNormalization("norm", x));
        return graph.Build(graph.PooledClassifier(x, student.Classes));
    }

    private static Value Block(GraphBuilder graph, string name, Value x, int width, int stride, double dropout)
    {
        var active = graph.Relu($"{name}.relu1", graph.BatchNormalization($"{name}.norm1", x));
        var y = graph.Convolution($"{name}.conv1", active, width, 3, stride);
        y = graph.Relu($"{name}.relu2", graph.BatchNormalization($"{name}.norm2", y));
        y = graph.Convolution($"{name}.conv2", graph.Dropout($"{name}.dropout", y, dropout), width, 3);
        var same = stride == 1 && x.Size(1) == width;
        return graph.Add($"{name}.sum", y, same ? x : graph.Convolution($"{name}.shortcut", active, width, 1, stride));
    }
}
