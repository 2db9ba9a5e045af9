using OnnxKd.Core.Limits;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>Every key of recipes that <c>onnxkd settings</c> lists, with values that nobody means: planned, or refused by a message that names the key.</summary>
internal sealed class SettingValues
{
    private static readonly string[] values =
    [
        "-1", "0", "1.5", "1e400", ".nan", "-.inf", "2147483648", "99999999999999999999", "[]", "{}", "null", "''", "[1, [2]]", "[a, b]", "{ a: 1 }", "yes", "\"\\u001b[2J\"", "../../x",
    ];

    // These want token ids, or specialists, which is what their errors are about.
    private static readonly string[] leftOut = ["transformer", "gpt", "combine"];

    private readonly string folder;
    private readonly string recipe;
    private readonly Row[] rows;

    private SettingValues(string folder)
    {
        this.folder = folder;
        var project = new TinyProject(folder);
        recipe = project.WriteRecipe("recipe");
        rows = [.. SettingsPages.Names.SelectMany(name => Rows(name, SettingsPages.Text(name))).Where(row => !leftOut.Contains(row.Section) && !leftOut.Contains(row.Kind))];
    }

    /// <summary>A line of a table.</summary>
    /// <param name="Section">Its section.</param>
    /// <param name="Kind">The kind that it is of, in sections of several; else empty.</param>
    /// <param name="Key">The key.</param>
    /// <param name="Others">What is required beside it.</param>
    private sealed record Row(string Section, string Kind, string Key, string Others);

    /// <summary>Makes the sets and the recipe; gives each value of each key in turn.</summary>
    public static Func<Dice, AttackCase> Begin(string folder) => new SettingValues(folder).Draw;

    private AttackCase Draw(Dice dice)
    {
        var (row, value) = (rows[dice.Number % rows.Length], values[dice.Number / rows.Length % values.Length]);
        return new($"{row.Section}{(row.Kind.Length > 0 ? ":" : "")}{row.Kind}", () => Judge(row, value));
    }

    private int Judge(Row row, string value)
    {
        var assigned = Assignments(row, $"{{ {row.Key}: {value}{row.Others} }}").SelectMany(assignment => new[] { "--set", assignment });
        var (code, _, error) = InProcess.Run(["plan", recipe, "--runs", Path.Combine(folder, "runs"), ModelLimits.TimeOption, "60", .. assigned]);
        if (code is not (0 or 2 or 3) || code != 0 && !Names(error, row, value) || error.Contains('\u001b'))
            throw new InvalidOperationException($"{row.Section} {row.Kind} {row.Key}: {value}: exit code {code}: {error}");
        return code;
    }

    /// <summary>Whether a message says where, and what of it: the key, what it is a key of, or the value where that is a name of something else.</summary>
    private static bool Names(string error, Row row, string value) =>
        error.Contains("where:", StringComparison.Ordinal)
        && new[] { row.Key, row.Kind, "'x'" }.Concat(value.Split([' ', '[', ']', '{', '}', ',', ':', '\'', '"', '.', '/'])).Any(word => word.Length > 0 && error.Contains(word, StringComparison.Ordinal));

    private static IEnumerable<string> Assignments(Row row, string map) => row.Section switch
    {
        "classes" => [$"data.transfer.classes={map}"],
        "preprocessing" => [$"data.preprocessing={map}"],
        "log" => [$"data.preprocessing.log={map}"],
        "teachers" => [$"teachers=[ {map} ]"],
        "capture" or "export" or "tracking" => [$"{row.Section}.{row.Key}={ValueOf(map)}"],
        "storages" => [$"capture.storage={map}"],
        "augmentation" => [$"capture.augmentation={{ {row.Kind}: {map} }}"],
        "student-files" or "students" => [$"student={map}"],
        "terms" => [$"objective=[ {row.Kind}: {map} ]"],
        "attachments" => [$"student.attachments=[ {row.Kind}: {map} ]"],
        "training" => [$"training.{row.Key}={ValueOf(map)}"],
        "early-stop" => [$"training.early-stop={map}"],
        "optimizers" => [$"training.optimizer={map}"],
        "schedules" => [$"training.schedule={map}"],
        "cluster" => [$"stages={{ logits: {{ capture: {{ }} }}, next: {{ {row.Section}: {map} }}, student: {{ train: {{ student: {{ architecture: mlp }}, objective: [ hard: {{ weight: 1 }} ] }} }} }}"],
        _ => [$"stages={{ student: {{ train: {{ student: {{ architecture: mlp }}, objective: [ hard: {{ weight: 1 }} ] }} }}, next: {{ {row.Section}: {map} }} }}"],
    };

    private static string ValueOf(string map) => map[(map.IndexOf(':') + 1)..^1].Trim();

    /// <summary>The lines of a section's tables.</summary>
    private static IEnumerable<Row> Rows(string section, string text)
    {
        var (kind, lines) = ("", new List<(string Kind, string Key, string Takes, string Default)>());
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                kind = line[3..].Trim('`');
            var cells = line.Split('|').Select(cell => cell.Trim().Trim('`')).ToArray();
            if (cells.Length == 6 && cells[1] is not ("key" or "---"))
                lines.Add((kind, cells[1], cells[2], cells[3]));
            else if (cells.Length == 7 && cells[2] is not ("key" or "---" or ""))
                lines.Add((cells[1], cells[2], cells[3], cells[4]));
        }
        return lines.Select(line => new Row(section, line.Kind, line.Key, string.Concat(
            lines.Where(other => other.Kind == line.Kind && other.Key != line.Key && other.Default == "required").Select(other => $", {other.Key}: {Honest(other.Takes)}")
                .Concat(Beside(section, line.Kind, line.Key)))));
    }

    private static IEnumerable<string> Beside(string section, string kind, string key) => section switch
    {
        "teachers" when key is not ("model" or "signals") => [", model: teacher.onnx"],
        "student-files" => [", model: teacher.onnx"],
        "students" => [$", architecture: {kind}"],
        "optimizers" or "schedules" => [$", name: {kind}"],
        "adjust-bias" or "quantise" => [", model: { stage: student }"],
        "cluster" => [", cache: { stage: logits }"],
        _ => [],
    };

    private static string Honest(string takes) =>
        takes.StartsWith("two numbers", StringComparison.Ordinal) ? "[0.5, 0.9]" : takes.StartsWith("whole numbers", StringComparison.Ordinal) ? "[1]"
        : takes.Contains("whole number", StringComparison.Ordinal) ? "1" : takes.Contains("number", StringComparison.Ordinal) ? "0.5" : "x";
}
