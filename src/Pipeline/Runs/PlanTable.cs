using System.Globalization;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;
using Spectre.Console;

namespace OnnxKd.Pipeline.Runs;

/// <summary>A plan, for people.</summary>
internal static class PlanTable
{
    /// <summary>Writes a plan: one JSON document, or a table in the order of the stages.</summary>
    public static void Write(RunPlan plan, TextWriter output, OutputStyle style)
    {
        if (style.Json)
        {
            output.Write(CanonicalJson.Serialize(plan));
            return;
        }
        var table = new Table { Border = Tables.Border(style) };
        table.AddColumns("stage", "needs", "state");
        table.AddColumn(new TableColumn("cost"));
        foreach (var stage in plan.Stages)
            table.AddRow(
                Markup.Escape(stage.Name), Markup.Escape(stage.Needs.Count == 0 ? "-" : string.Join(", ", stage.Needs)), stage.State, Cost(stage));
        Tables.Render(table, output, style.Terminal);
        output.WriteLine($"{plan.Stages.Count(stage => stage.State == RunPlan.Done)} of {plan.Stages.Count} stages are done, in {plan.Folder}");
    }

    private static string Cost(PlannedStage stage)
    {
        string?[] parts =
        [
            stage.Rows is { } rows ? Count(rows, "sample") : null,
            stage.Epochs is { } epochs ? Count(epochs, "epoch") : null,
            stage.Steps is { } steps ? Count(steps, "step") : null,
            stage.Seconds is { } seconds ? $"took {ProgressText.Duration(seconds)}" : null,
        ];
        return string.Join(", ", parts.OfType<string>()) is { Length: > 0 } text ? text : "-";
    }

    private static string Count(long number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{number:#,0} {unit}{(number == 1 ? "" : "s")}");
}
