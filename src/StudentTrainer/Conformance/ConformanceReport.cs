namespace OnnxKd.StudentTrainer.Conformance;

/// <summary>What a run of ONNX's own tests showed.</summary>
/// <param name="Passed">Tests that passed.</param>
/// <param name="Total">Tests that use only operators of the table: passed, failed and excluded.</param>
/// <param name="Groups">Passed and total by group: <c>node</c>, <c>pytorch-converted</c>, <c>pytorch-operator</c>.</param>
/// <param name="Excluded">Tests that are not run, each with its reason.</param>
/// <param name="Failed">Tests that failed, each with what differs.</param>
/// <param name="OutOfScope">Tests that do not count, by reason: an operator outside the table, or a type.</param>
/// <param name="Gradients">The gradient check, if it was asked for.</param>
public sealed record ConformanceReport(
    int Passed,
    int Total,
    IReadOnlyDictionary<string, GroupResult> Groups,
    IReadOnlyDictionary<string, string> Excluded,
    IReadOnlyDictionary<string, string> Failed,
    IReadOnlyDictionary<string, int> OutOfScope,
    GradientResult? Gradients);

/// <summary>One group of tests.</summary>
/// <param name="Passed">Tests that passed.</param>
/// <param name="Total">Tests that use only operators of the table.</param>
public sealed record GroupResult(int Passed, int Total);

/// <summary>Autograd against central differences in float64.</summary>
/// <param name="Passed">Tests whose gradients agree.</param>
/// <param name="Total">Tests with a float output that depends on a float input.</param>
/// <param name="Failed">Tests whose gradients differ, each with where.</param>
public sealed record GradientResult(int Passed, int Total, IReadOnlyDictionary<string, string> Failed);
