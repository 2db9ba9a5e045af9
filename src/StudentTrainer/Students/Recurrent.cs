using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// Recurrent networks that read both ways: LSTM (Hochreiter and Schmidhuber 1997) or GRU (Cho et al. 2014) layers over feature vectors or,
/// with a vocabulary, over token ids (Tang et al. 2019), of which padding, wherever it stands, is passed over; the classifier reads the mean over time, or each frame.
/// </summary>
public abstract record Recurrent : Architecture
{
    /// <summary>State of each direction.</summary>
    [Setting("state of each direction", AtLeast = 1, AtMost = Most)]
    public int Hidden { get; init; } = 128;

    /// <summary>Layers.</summary>
    [Setting("layers", AtLeast = 1, AtMost = Most)]
    public int Depth { get; init; } = 1;

    /// <summary>Between the layers.</summary>
    [Setting("between the layers", AtLeast = 0, Below = 1)]
    public double Dropout { get; init; }

    /// <summary>What the classifier reads.</summary>
    [Setting("what the classifier reads", Words = ["sequence", "frames"])]
    public string Output { get; init; } = "sequence";

    /// <summary>How many token ids there are; <c>null</c>: samples are feature vectors. A recipe whose samples are token ids finds it in its teacher and sets.</summary>
    [Setting("how many token ids there are; by default, of token ids, the rows of the teacher's table, else one more than the largest id of the sets", AtLeast = 1, AtMost = Most)]
    public int? Vocabulary { get; init; }

    /// <summary>Features per token, with a vocabulary.</summary>
    [Setting("features per token, with a vocabulary", AtLeast = 1, AtMost = Most)]
    public int Embedding { get; init; } = 128;

    /// <summary>The operator of its layers.</summary>
    private protected abstract string Operator { get; }

    /// <inheritdoc/>
    internal override string Samples => "sequences [length, features], or int64 token ids [length]; of named inputs these, a mask and kinds of tokens";

    /// <inheritdoc/>
    internal override bool ReadsSequences => true;

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var graph = student.Start();
        if (Vocabulary is not { } vocabulary)
            return Build(student, graph, student.Frames(graph), null);
        var (ids, padding, kinds) = TokenInputs.Of(student, graph);
        var text = padding is null ? null : PaddedText.Of(graph, padding);
        var x = graph.Embedding("tokens", text?.Compact("tokens", ids) ?? ids, vocabulary, Embedding);
        if (kinds is not null)
            x = graph.Add("kinds.sum", x, graph.Kinds("kinds", text?.Compact("kinds", kinds) ?? kinds, Embedding));
        return Build(student, graph, x, text);
    }

    /// <summary>Layers that end with each sample's text, and what the classifier reads of them.</summary>
    private OnnxModel Build(StudentRequest student, GraphBuilder graph, Value x, PaddedText? text)
    {
        x = graph.Transpose("time-first", x, 1, 0, 2);
        x = graph.Bidirectional(Operator, x, Hidden, Depth, Dropout, text?.Lengths);
        x = (Output, text) switch
        {
            ("frames", null) => graph.Transpose("frames", x, 1, 0, 2),
            ("frames", _) => text.Restore("frames", graph.Transpose("states", x, 1, 0, 2)),
            (_, null) => graph.Mean("mean", x, 0),
            _ => text.Mean("mean", graph.Transpose("states", x, 1, 0, 2)),
        };
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}

/// <summary>With LSTM layers.</summary>
public sealed record BiLstm : Recurrent
{
    /// <inheritdoc/>
    internal override string Meaning => "bidirectional LSTM";

    private protected override string Operator => "LSTM";
}

/// <summary>With GRU layers.</summary>
public sealed record BiGru : Recurrent
{
    /// <inheritdoc/>
    internal override string Meaning => "bidirectional GRU";

    private protected override string Operator => "GRU";
}
