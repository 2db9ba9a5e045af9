using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Conversion;

namespace OnnxKd.Pipeline.Deployment;

/// <summary>What a conversion may change.</summary>
/// <param name="RelativeError">The relative error of each output that passes.</param>
/// <param name="Agreement">The share of samples whose top class must stay, for outputs of classes.</param>
internal sealed record ConversionTolerance(double RelativeError, double Agreement);

/// <summary>What <c>onnxkd convert</c> made, and how far it is from the original.</summary>
/// <param name="Model">The original.</param>
/// <param name="Output">What was written.</param>
/// <param name="To">What it was converted to.</param>
/// <param name="FileBytes">The size of the original.</param>
/// <param name="OutputBytes">The size of what was written.</param>
/// <param name="Samples">How many samples were compared.</param>
/// <param name="Outputs">How far each output is.</param>
/// <param name="Kinds">What outputs hold, where that is known.</param>
/// <param name="Nodes">For mixed precision what nodes do; <c>null</c> otherwise.</param>
internal sealed record ConversionReport(
    string Model, string Output, string To, long FileBytes, long OutputBytes, long Samples, IReadOnlyList<OutputDifference> Outputs,
    IReadOnlyDictionary<string, OutputKind> Kinds, IReadOnlyList<NodeEffect>? Nodes)
{
    private const int ListedNodes = 10;

    /// <summary>Outputs that only name the class of the highest score, by its number: one is no nearer to the next than to any other.</summary>
    public IReadOnlyCollection<string> Decided { get; init; } = [];

    /// <summary>Refuses what is not as it was.</summary>
    /// <exception cref="CheckFailedException">An output is beyond the tolerance.</exception>
    public void Require(ConversionTolerance tolerance)
    {
        foreach (var output in Outputs)
            if (DecidedAlike(output) is { } same)
            {
                if (same < tolerance.Agreement)
                    throw Fail(output, Text($"the same class on {same:0.00 %}"), Text($"at least {tolerance.Agreement:0.00 %} (--agreement)"));
            }
            else if (!(ErrorOf(output) <= tolerance.RelativeError))
                throw Fail(output, Text($"a relative error of {ErrorOf(output):g3} (largest difference {output.MaxAbs:g3})"), Text($"at most {tolerance.RelativeError:g3} (--tolerance)"));
            else if (KindOf(output) == OutputKind.Classes && output.TopClassAgreement < tolerance.Agreement)
                throw Fail(output, Text($"the same top class on {output.TopClassAgreement:0.00 %} of the samples"), Text($"at least {tolerance.Agreement:0.00 %} (--agreement)"));
    }

    /// <summary>Writes it: one JSON document, or lines.</summary>
    public void Write(TextWriter output, OutputStyle style)
    {
        if (style.Json)
        {
            output.Write(CanonicalJson.Serialize(this));
            return;
        }
        output.WriteLine(Text($"{To}: {Output}, {FigureTable.FileSize(OutputBytes)}, {(double)OutputBytes / FileBytes:0.000} times the original's size"));
        foreach (var one in Outputs)
            output.WriteLine(
                DecidedAlike(one) is { } same ? Text($"output {Printable.Escape(one.Output)}: the same class on {same:0.00 %}") : Text($"output {Printable.Escape(one.Output)}: relative error {ErrorOf(one):0.0e+0}{(KindOf(one) == OutputKind.Values ? " (of a column's deviation)" : "")}, largest difference {one.MaxAbs:0.0e+0}") +
                (one.TopClassAgreement is { } share && KindOf(one) is null or OutputKind.Classes ? Text($", same top class on {share:0.00 %}") : ""));
        output.WriteLine(Text($"compared in ONNX Runtime on {Samples:#,0} samples"));
        if (Nodes is null)
            return;
        output.WriteLine(Text($"{Nodes.Count(node => node.Kept)} of {Nodes.Count} nodes stay in float32; the largest effects in float16 of single nodes, or of stretches that were measured together:"));
        var stretches = new List<NodeEffect[]>();
        for (var i = 0; i < Nodes.Count; i += Nodes[i].Together)
            stretches.Add([.. Nodes.Skip(i).Take(Nodes[i].Together)]);
        foreach (var stretch in stretches.Take(Math.Max(ListedNodes, stretches.Count(stretch => stretch[0].Kept))))
            output.WriteLine(Text($"  {stretch[0].Effect:0.0e+0}  {Stretch(stretch)}{(stretch[0].Kept ? "  (stays in float32)" : "")}"));

        static string Stretch(IReadOnlyList<NodeEffect> stretch) => stretch.Count == 1 ? Named(stretch[0]) : $"{stretch.Count} nodes, {Named(stretch[0])} to {Named(stretch[^1])}";
    }

    private double? DecidedAlike(OutputDifference output) => Decided.Contains(output.Output) ? output.Equal : null;

    private OutputKind? KindOf(OutputDifference output) => Kinds.TryGetValue(output.Output, out var kind) ? kind : null;

    /// <summary>
    /// Values are told by how they vary too, column by column: one of thousands must not hide one of thousandths, nor a large mean a small deviation. A column that does not vary, or is
    /// not finite, shows in the whole.
    /// </summary>
    /// <param name="output">The output.</param>
    /// <param name="kinds">What outputs hold, where that is known.</param>
    public static double ErrorOf(OutputDifference output, IReadOnlyDictionary<string, OutputKind> kinds) =>
        kinds.GetValueOrDefault(output.Output) == OutputKind.Values ? Math.Max(output.ColumnError ?? 0, output.RelativeError) : output.RelativeError;

    private double ErrorOf(OutputDifference output) => ErrorOf(output, Kinds);

    private static string Named(NodeEffect node) => $"{node.Operator} {Printable.Escape(node.Node)}";

    private CheckFailedException Fail(OutputDifference output, string found, string expected) => new(
        "The converted model does not give what the original gives.", $"output '{output.Output}' of {Model}, {Samples} samples", found, expected,
        "nothing was written; " + To switch
        {
            "float16" => "leave sensitive nodes in float32: --to mixed",
            "int8" => "allow it with --tolerance and --agreement, and let it learn from the teacher what rounding cost: onnxkd run --student FILE --init keep",
            _ => "raise the tolerance if that is good enough",
        });

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
