using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>Where a student's weights start.</summary>
public enum Initialisation
{
    /// <summary>As they are in the file.</summary>
    Keep,

    /// <summary>New, by operator and role: the file lends its architecture.</summary>
    Fresh,
}

/// <summary>How a model becomes a student.</summary>
public sealed record StudentImport
{
    /// <summary>The file's weights, and what the plan finds.</summary>
    public static StudentImport Default { get; } = new();

    /// <summary>The output that is learned from, or a tensor inside the graph; <c>null</c>: the only output that holds floats.</summary>
    [Setting("output that is learned from, or a tensor inside the graph; by default the only output that holds floats")]
    public string? Output { get; init; }

    /// <summary>What that output holds; default: what the teacher's does.</summary>
    [Setting("what that output holds; `auto`: what the teacher's does", Null = "auto")]
    public OutputKind? Kind { get; init; }

    /// <summary>
    /// The axis of that output that counts the classes, with the batch as axis 0, or negative from the end; <c>null</c>: found as a
    /// teacher's is.
    /// </summary>
    [Setting("its axis of classes, the batch being 0; by default found as a teacher's is (docs/teachers.md)")]
    public int? ClassAxis { get; init; }

    /// <summary>Of a detector head in two outputs: the one with the scores, <see cref="Output"/> being the one with the boxes; <c>null</c>: it is one output.</summary>
    [Setting("of a detector head in two outputs: the one with the scores, `output` being the one with the boxes")]
    public string? Scores { get; init; }

    /// <summary>Further outputs that learn, each by the name of the stream that it learns from. Default: none.</summary>
    [Setting("further outputs that learn, each called after the stream that it learns from", Takes = TappedTensor.Form)]
    public IReadOnlyList<TappedTensor> Outputs { get; init; } = [];

    /// <summary>Each output on its own, the first one first.</summary>
    public IReadOnlyList<StudentImport> Apart() =>
    [
        this with { Outputs = [] },
        .. Outputs.Select(tapped => this with { Output = tapped.Tensor, Kind = tapped.Kind, ClassAxis = tapped.ClassAxis, Scores = null, Outputs = [] }),
    ];

    /// <summary>Where the weights start; default: as in the file.</summary>
    [Setting("the file's weights, or fresh ones: the file lends its architecture", Key = "init")]
    public Initialisation Initialisation { get; init; } = Initialisation.Keep;

    /// <summary>What its inputs are fed with, where that is not the samples' input of the same name: constants, states, other names. Default: nothing.</summary>
    [Setting("what inputs are fed with that the samples do not have by their name", Takes = InputFeeds.Form)]
    public InputFeeds Inputs { get; init; } = InputFeeds.None;

    /// <summary>Decides fresh weights.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Whether convolutions get a normalisation while they are trained, which export folds back into them; default (<c>null</c>): with fresh
    /// weights, where the file has such convolutions.
    /// </summary>
    [Setting("normalise convolutions while they are trained; `auto`: with fresh weights", Null = "auto")]
    public bool? NormOverlay { get; init; }

    /// <summary>What is learned, where the user knows better than the plan.</summary>
    public ParameterOverrides Parameters { get; init; } = ParameterOverrides.None;

    /// <summary>Tensors of the graph that terms read; they are not joined with others. Default: none.</summary>
    public IReadOnlyList<string> Taps { get; init; } = [];
}
