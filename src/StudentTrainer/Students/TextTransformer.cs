using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A text classifier: token ids become vectors, each gets a learned position, transformer blocks look both ways (Devlin et al. 2019), and
/// the classifier reads the mean or the first token. Tokens that are padding are looked at by none and left out of the mean.
/// </summary>
internal static class TextTransformer
{
    private static readonly TransformerOptions Blocks = new(128, 2, 2);
    private static readonly StudentOption<int> Vocabulary = Option.Size("vocabulary", 30522, "how many token ids there are");

    private static readonly StudentOption<int?> Padding =
        new("padding", OptionKind.Size, null, "token id of padding; by default none is masked") { Minimum = 0 };

    private static readonly StudentOption<string> Pooling = Option.Word("pooling", ["mean", "first"], "what the classifier reads");

    /// <summary>Its sizes are those of Turc et al. 2019.</summary>
    public static Architecture Architecture { get; } =
        new(
            "transformer", "transformer encoder of text", "int64 token ids [length]",
            [Vocabulary, .. Blocks.All, Padding, Text.Context, Pooling], Build)
        {
            Sizes =
            [
                Blocks.Sized("transformer-tiny", 128, 2, 2), Blocks.Sized("transformer-mini", 256, 4, 4),
                Blocks.Sized("transformer-small", 512, 4, 8), Blocks.Sized("transformer-medium", 512, 8, 8),
            ],
        };

    private static OnnxModel Build(StudentRequest student)
    {
        var sizes = Blocks.Read(student);
        var graph = student.Start();
        var ids = student.Tokens(graph);
        var padding = graph.Padding(ids, student.Get(Padding));
        var x = graph.Embedding("tokens", ids, student.Get(Vocabulary), sizes.Width);
        x = graph.Positions("positions", x, Text.Longest(student));
        x = graph.Dropout("positions.dropout", x, sizes.Dropout);
        var hidden = padding is null ? null : graph.Unsqueeze("padding.heads", graph.Unsqueeze("padding.queries", padding, 1), 1);
        x = graph.Blocks(x, sizes, hidden);
        x = student.Get(Pooling) == "mean" ? graph.MeanOverTime("mean", x, padding) : graph.Pick("first", x, 1);
        return graph.Build(graph.Dense("classifier", x, student.Classes, Initial.TruncatedNormal));
    }
}
