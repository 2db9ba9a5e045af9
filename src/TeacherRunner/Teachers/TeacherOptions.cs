using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Teachers;

/// <summary>One teacher to capture.</summary>
public sealed record TeacherOptions
{
    /// <summary>The path of the ONNX model; empty: its answers lie on disk, or a stage makes it.</summary>
    [Setting("ONNX model", IsFile = true, Null = "none")]
    public string Model { get; init; } = "";

    /// <summary>In place of a model, what one said of the transfer set.</summary>
    [Setting("in place of a model, what it said of the transfer set (docs/teachers.md)", Takes = SignalFiles.Form)]
    public SignalFiles Signals { get; init; } = SignalFiles.None;

    /// <summary>What it said of the validation set.</summary>
    [Setting("what it said of the validation set", Takes = SignalFiles.Form)]
    public SignalFiles ValidationSignals { get; init; } = SignalFiles.None;

    /// <summary>What it said of the test set.</summary>
    [Setting("what it said of the test set", Takes = SignalFiles.Form)]
    public SignalFiles TestSignals { get; init; } = SignalFiles.None;

    /// <summary>Whether scores behind no activation are probabilities, else logits; <c>null</c>: found.</summary>
    [Setting("whether scores behind no activation that could be found are probabilities, else logits; `auto`: found", Null = "auto")]
    public bool? Probabilities { get; init; }

    /// <summary>What its streams are called after, where several teachers are kept apart; default <c>teacher1</c>, <c>teacher2</c>, …</summary>
    [Setting("names its streams where teachers are kept apart; by default `teacher1`, `teacher2`, ...")]
    public string? Name { get; init; }

    /// <summary>What its output holds, and its further outputs where these do not tell; default: found.</summary>
    [Setting("what its output holds; `auto`: found, or refused where nothing tells (docs/teachers.md)", Null = "auto")]
    public OutputKind? Kind { get; init; }

    /// <summary>The tensor that is learned from (an output, or any tensor inside the graph); default: found by tracing the output.</summary>
    [Setting("tensor that is learned from; by default found (docs/teachers.md)")]
    public string? Output { get; init; }

    /// <summary>The logits' axis that counts the classes, with the batch as axis 0, or negative from the end; default: found.</summary>
    [Setting("axis of the classes, the batch being 0; by default found")]
    public int? ClassAxis { get; init; }

    /// <summary>How states of tokens, [N, tokens, columns], become one row for a text; default: they stay as they are.</summary>
    [Setting("of states of tokens, [N, tokens, columns]: the text's embedding is their mean or the first, of those whose mask is 1; `none`: each token has its own", Null = "none")]
    public TokenPool? Pooling { get; init; }

    /// <summary>Of a detector head in two outputs: the one with the scores; <c>null</c>: it is one output.</summary>
    [Setting("of a detector head in two outputs: the one with the scores, `output` being the one with the boxes")]
    public string? Scores { get; init; }

    /// <summary>Of a detector head: how its boxes are written; <c>null</c>: found.</summary>
    [Setting("of a detector head: boxes as centre and size (`xywh`) or as two corners (`xyxy`); `auto`: found, or refused where nothing tells", Null = "auto")]
    public BoxForm? Boxes { get; init; }

    /// <summary>Of a detector head: whether a column between box and scores is an objectness; <c>null</c>: found.</summary>
    [Setting("of a detector head: whether an objectness stands between box and scores; `auto`: found, or refused where nothing tells", Null = "auto")]
    public bool? Objectness { get; init; }

    /// <summary>Of a detector head: which of its scores says that there is nothing, where they exclude one another; <c>null</c>: found.</summary>
    [Setting("of a detector head whose scores sum to 1: which of them is that there is nothing, `first` (SSD) or `last` (DETR); `none`: each class has a probability of its own; `auto`: found, or refused where nothing tells", Null = "auto")]
    public BackgroundColumn? Background { get; init; }

    /// <summary>
    /// For each of its classes the student's, by name or index, or <c>none</c>; several may be one, whose probabilities add up. Default: its
    /// classes are the student's. Further outputs stay as they are.
    /// </summary>
    [Setting("for each of its classes the student's: a name or an index of `capture`'s `classes`, or `none`; by default they are the same")]
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Further outputs, each a stream of its own.</summary>
    [Setting("further outputs, each a stream", Takes = TappedTensor.Form)]
    public IReadOnlyList<TappedTensor> Outputs { get; init; } = [];

    /// <summary>Other tensors, taken as they are, each a stream of its own.</summary>
    [Setting("other tensors, taken as they are, each a stream", Takes = "stream: tensor pairs, or a list of tensors")]
    public IReadOnlyList<TappedTensor> Features { get; init; } = [];

    /// <summary>The teacher's share of an ensemble, before the shares are normalised to sum to 1; default 1.</summary>
    [Setting("share in an ensemble", Above = 0)]
    public double Weight { get; init; } = 1;

    /// <summary>The stream of its output, where several teachers are kept apart.</summary>
    /// <param name="index">Its place in the list, from 0.</param>
    public string StreamAt(int index) => Name ?? $"teacher{index + 1}";

    /// <summary>Which of the set's modalities it reads; default: the samples that the student reads.</summary>
    [Setting("which of the sets' `modalities` it reads; by default the samples that the student reads")]
    public string? Modality { get; init; }

    /// <summary>What its inputs are fed with, where that is not the samples' input of the same name: constants, states, other names. Default: nothing.</summary>
    [Setting("what inputs are fed with that the samples do not have by their name", Takes = InputFeeds.Form)]
    public InputFeeds Inputs { get; init; } = InputFeeds.None;

    /// <summary>What is done to stored samples before this teacher sees them.</summary>
    [Setting("what is done to samples before this teacher sees them; by default the data's, with a modality nothing")]
    public Preprocessing Preprocessing { get; init; } = Preprocessing.None;

    /// <summary>How its answer is read from its model.</summary>
    public ModelReading Reading => new() { Tensor = Output, Kind = Kind, ClassAxis = ClassAxis, Probabilities = Probabilities, Pooling = Pooling, Scores = Scores, Boxes = Boxes, Objectness = Objectness, Background = Background };

    /// <summary>How all that is captured of it is read: its answer, further outputs, and features.</summary>
    public IReadOnlyList<ModelReading> Readings =>
    [
        Reading,
        .. Outputs.Select(tapped => new ModelReading { Tensor = tapped.Tensor, Kind = tapped.Kind ?? Kind, ClassAxis = tapped.ClassAxis }),
        .. Features.Select(tapped => new ModelReading { Tensor = tapped.Tensor, IsFeature = true }),
    ];

    /// <summary>The class axes of further outputs that the user named, for the identity of what is captured; <c>null</c>: none.</summary>
    internal string? FurtherAxes =>
        Outputs.Where(output => output.ClassAxis is not null).Select(output => $"{output.Name} {output.ClassAxis}").ToArray() is { Length: > 0 } named ? string.Join(", ", named) : null;

    /// <summary>What its file calls its classes; <c>null</c>: nothing says so.</summary>
    /// <param name="classes">How many there are.</param>
    internal IReadOnlyList<string>? ClassNames(int classes) => IsRecorded ? null : ClassLists.NamesOf(SharedModels.Load(Model), classes);

    /// <summary>Whether its answers lie on disk, so that no model runs.</summary>
    public bool IsRecorded => !Signals.AreNone;

    /// <summary>Its file's name, for people.</summary>
    public string File => IsRecorded ? Signals.Names : Path.GetFileName(Model);

    /// <summary>Where it is, for messages.</summary>
    public string Place => IsRecorded ? Signals.Files[0].Path : Model;

    /// <summary>The same for one of the sets: a model answers of any, a recorded teacher of what it was asked; <c>null</c>: it was not asked.</summary>
    public TeacherOptions? On(SetRole role)
    {
        if (!IsRecorded)
            return this;
        var signals = role switch { SetRole.Validation => ValidationSignals, SetRole.Test => TestSignals, _ => Signals };
        return signals.AreNone ? null : this with { Signals = signals, ValidationSignals = SignalFiles.None, TestSignals = SignalFiles.None };
    }
}

/// <summary>Which set a teacher is asked of.</summary>
public enum SetRole
{
    /// <summary>What students learn from.</summary>
    Transfer,

    /// <summary>What is evaluated each epoch.</summary>
    Validation,

    /// <summary>What the final figures are measured on.</summary>
    Test,
}
