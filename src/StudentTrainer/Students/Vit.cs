using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A vision transformer (Dosovitskiy et al. 2021): patches become tokens, a class token may join them, each gets a learned position; the
/// classifier reads the class token or the mean.
/// </summary>
internal static class Vit
{
    private static readonly TransformerOptions Blocks = new(192, 6, 3);
    private static readonly StudentOption<int> Patch = Option.Size("patch", 4, "side of a patch in pixels, a divisor of both sides");
    private static readonly StudentOption<string> Pooling = Option.Word("pooling", ["token", "mean"], "what the classifier reads");

    /// <summary>Its sizes are those of Touvron et al. 2021.</summary>
    public static Architecture Architecture { get; } =
        new("vit", "vision transformer", "images", [Patch, .. Blocks.All, Pooling], Build)
        {
            Sizes = [Blocks.Sized("vit-tiny", 192, 12, 3), Blocks.Sized("vit-small", 384, 12, 6), Blocks.Sized("vit-base", 768, 12, 12)],
        };

    private static OnnxModel Build(StudentRequest student)
    {
        var (sizes, patch, pooling) = (Blocks.Read(student), student.Get(Patch), student.Get(Pooling));
        var graph = student.Start();
        var x = student.Images(graph);
        if (x.Size(2) % patch != 0 || x.Size(3) % patch != 0)
            throw student.Misfit(Patch, $"{patch} for images of {x.Size(2)}×{x.Size(3)}", "a divisor of both sides");
        x = graph.Convolution("patches", x, sizes.Width, patch, patch, pad: 0, initial: Initial.TruncatedNormal, bias: true);
        x = graph.Transpose("tokens", graph.Reshape("patches.flat", x, 0, sizes.Width, -1), 0, 2, 1);
        if (pooling == "token")
            x = WithClassToken(graph, x);
        x = graph.Dropout("positions.dropout", graph.Positions("positions", x, x.Size(1)), sizes.Dropout);
        x = graph.Blocks(x, sizes);
        x = pooling == "token" ? graph.Pick("class", x, 1) : graph.Mean("mean", x, 1);
        return graph.Build(graph.Dense("classifier", x, student.Classes, Initial.TruncatedNormal));
    }

    /// <summary>Repeats one learned token for the batch, as exporters do, and puts it first.</summary>
    private static Value WithClassToken(GraphBuilder graph, Value x)
    {
        var width = x.Size(2);
        var token = graph.Weight("class-token.weight", Initial.TruncatedNormal, width, 1, 1, width);
        var shape = graph.Concat("class-token.shape", 0, 3, graph.Length("batch", x, 0), graph.Integers("class-token.rest", 1, width));
        var tokens = graph.Node("Expand", "class-token", [x.Shape[0], 1, width], [token, shape]);
        return graph.Concat("all-tokens", 1, x.Size(1) + 1, tokens, x);
    }
}
