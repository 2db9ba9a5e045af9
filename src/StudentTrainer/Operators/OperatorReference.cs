using System.Text;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>The operators that a student may use, for people: what docs/operators.md is made from.</summary>
public static class OperatorReference
{
    /// <summary>One operator.</summary>
    /// <param name="Name">Its name in ONNX's default domain.</param>
    /// <param name="Versions">The operator-set versions at which its meaning here changes.</param>
    /// <param name="Inputs">The roles of its input slots, by the newest version; the last one goes for all further ones.</param>
    /// <param name="HostInputs">Input slots that are read on the CPU.</param>
    /// <param name="Outputs">How many outputs are supported; <c>null</c>: any number.</param>
    /// <param name="Differentiable">Whether gradients pass.</param>
    /// <param name="Mixed">What it computes with in mixed precision: <c>bfloat16</c>, <c>float32</c> or <c>as given</c>.</param>
    public sealed record Operator(
        string Name, IReadOnlyList<int> Versions, IReadOnlyList<string> Inputs, IReadOnlyList<int> HostInputs, int? Outputs,
        bool Differentiable, string Mixed);

    /// <summary>All operators by name.</summary>
    public static IReadOnlyList<Operator> All { get; } =
    [
        .. OperatorTable.All.GroupBy(entry => entry.Name).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Describe([.. group])),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. OperatorTable.All.Select(entry => entry.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The newest operator set that they are known in.</summary>
    public static int NewestOpset => OperatorTable.NewestOpset;

    /// <summary>The reference as a Markdown page.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder($"""
            # Operators of a student

            This page is written by `./onnxkd operators > docs/operators.md` from the one table that the trainer runs, plans and checks by
            (src/StudentTrainer/Operators/OperatorTable.cs). {All.Count} operators of ONNX's default domain, up to operator set
            {OperatorTable.NewestOpset}.

            - *versions*: operator-set versions at which a meaning changes; the newest that is not newer than the model's goes.
            - *inputs*: what a tensor of the file is taken for in each slot; the last one goes for all further slots. `weight`, `bias`,
              `scale`, `slope`, `embedding` and `recurrent` are learned; `statistic` follows the batches; `operand` is learned if another input
              comes from a learned operator; `passed` is decided by who reads the output; `data` stays as it is.
            - *on the CPU*: input slots whose values are read on the CPU while the graph runs.
            - *gradient*: whether gradients pass from output to float inputs.
            - *mixed*: what the operator computes with where training is in mixed precision (`precision: bfloat16`): `bfloat16`, to which its
              inputs are rounded; `float32`, to which they are widened; or `as given`, float32 if one of its float inputs is
              (BatchNormalization: if its first one is; its statistics are float32 in any case). The table is
              src/StudentTrainer/Operators/MixedPrecision.cs.

            | operator | versions | inputs | on the CPU | outputs | gradient | mixed |
            |---|---|---|---|---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (var entry in All)
        {
            string[] cells =
            [
                entry.Name, string.Join(", ", entry.Versions), string.Join(", ", entry.Inputs), string.Join(", ", entry.HostInputs),
                entry.Outputs?.ToString() ?? "any", entry.Differentiable ? "yes" : "no",
                entry.Mixed,
            ];
            text.Append($"| {string.Join(" | ", cells)} |\n");
        }
        return text.ToString();
    }

    private static Operator Describe(OperatorEntry[] versions)
    {
        var newest = versions.MaxBy(entry => entry.Since)!;
        return new(
            newest.Name,
            [.. versions.Select(entry => entry.Since).Order()],
            [.. newest.Inputs.Select(role => role.ToString().ToLowerInvariant())],
            newest.Host,
            newest.Outputs == OperatorEntry.Any ? null : newest.Outputs,
            newest.Differentiable,
            MixedPrecision.Of(newest) switch
            {
                ComputeType.BFloat16 => "bfloat16",
                ComputeType.Float32 => "float32",
                _ => "as given",
            });
    }
}
