using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// Recurrent networks that read both ways: LSTM (Hochreiter and Schmidhuber 1997) or GRU (Cho et al. 2014) layers over feature vectors or,
/// with a vocabulary, over token ids (Tang et al. 2019); the classifier reads the mean over time, or each frame.
/// </summary>
internal static class Recurrent
{
    private static readonly StudentOption<int> Hidden = Option.Size("hidden", 128, "state of each direction");
    private static readonly StudentOption<int> Depth = Option.Size("depth", 1, "layers");
    private static readonly StudentOption<double> Dropout = Option.Probability("dropout", 0, "between the layers");
    private static readonly StudentOption<string> Output = Option.Word("output", ["sequence", "frames"], "what the classifier reads");

    private static readonly StudentOption<int?> Vocabulary =
        Option.OptionalSize("vocabulary", "how many token ids there are; by default samples are feature vectors");

    private static readonly StudentOption<int> Embedding = Option.Size("embedding", 128, "features per token, with a vocabulary");

    private static readonly StudentOption[] Options = [Hidden, Depth, Dropout, Output, Vocabulary, Embedding];

    /// <summary>With LSTM layers.</summary>
    public static Architecture Lstm { get; } = new(
        "bilstm", "bidirectional LSTM", "sequences [length, features], or int64 token ids [length]", Options,
        student => Build(student, "LSTM"));

    /// <summary>With GRU layers.</summary>
    public static Architecture Gru { get; } = new(
        "bigru", "bidirectional GRU", "sequences [length, features], or int64 token ids [length]", Options,
        student => Build(student, "GRU"));

    private static OnnxModel Build(StudentRequest student, string op)
    {
        var graph = student.Start();
        var x = student.Get(Vocabulary) is { } vocabulary
            ? graph.Embedding("tokens", student.Tokens(graph), vocabulary, student.Get(Embedding))
            : student.Frames(graph);
        x = graph.Transpose("time-first", x, 1, 0, 2);
        x = graph.Bidirectional(op, x, student.Get(Hidden), student.Get(Depth), student.Get(Dropout));
        x = student.Get(Output) == "frames" ? graph.Transpose("frames", x, 1, 0, 2) : graph.Mean("mean", x, 0);
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}
