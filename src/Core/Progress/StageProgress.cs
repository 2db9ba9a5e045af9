namespace OnnxKd.Core.Progress;

/// <summary>How far a long piece of work has come.</summary>
/// <param name="Stage">What is being done, for people: <c>capture</c>, <c>train student</c>.</param>
/// <param name="Done">Units done so far, counting those that an earlier, interrupted run had done.</param>
/// <param name="Total">Units in all.</param>
/// <param name="Unit">The plural of what is counted: <c>images</c>, <c>epochs</c>.</param>
/// <param name="Detail">Anything worth showing beside the bar, for example the current loss and errors.</param>
public readonly record struct StageProgress(string Stage, double Done, double Total, string Unit, string? Detail = null);
