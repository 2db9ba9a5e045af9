using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd inspect MODEL</c>: what a model is, where its logits are, and what it can be used for.</summary>
internal sealed class InspectCommand : ExampleCommand
{
    /// <summary>What looking at a model may take.</summary>
    public static readonly TimeSpan Time = TimeSpan.FromSeconds(8);

    /// <summary>The memory for it: files that nobody has tried yet come here first.</summary>
    public const long Memory = 512L << 20;

    private readonly Argument<string> model = new("MODEL") { Description = "An ONNX file." };

    private readonly Option<string?> sampleShape = new("--sample-shape")
    {
        Description = "Shape of one sample, without the batch axis, where the model leaves it open: 3,224,224.",
    };

    private readonly InspectArguments use = new();

    private readonly Option<bool> plan = new("--plan") { Description = "List the role of every tensor: what a student would learn." };

    private readonly Option<bool> tensors = new("--tensors") { Description = "List the tensors inside the graph that can be tapped." };

    /// <summary>Declares the command.</summary>
    public InspectCommand()
        : base(
            "inspect",
            "Shows inputs, outputs, operators and parameters of a model, and whether it can be a teacher or a student.",
            "onnxkd inspect model.onnx",
            "onnxkd inspect model.onnx --samples x.npy --labels y.npy",
            "onnxkd inspect model.onnx --samples images.npy --scale 1/255 --kind labels",
            "onnxkd inspect model.onnx --plan",
            "onnxkd inspect model.onnx --sample-shape 3,224,224 --json")
    {
        Add(model);
        Add(sampleShape);
        use.AddTo(this);
        Add(plan);
        Add(tensors);
        Does((parsed, stdout, _, _) =>
        {
            var shape = parsed.GetValue(sampleShape) is { } text ? ParseShape(text) : null;
            var lists = new Lists(parsed.GetValue(plan), parsed.GetValue(tensors));
            using var set = use.Open(parsed, parsed.GetValue(model)!, out var teacher);
            Run(parsed.GetValue(model)!, new(shape, set) { Teacher = teacher, NotesOf = model => use.NotesOf(model, set, teacher, parsed) }, lists, GlobalOptions.Style(parsed), stdout);
        });
    }

    /// <summary>Which long lists are written for people; JSON always has them.</summary>
    /// <param name="Plan">The role of every tensor.</param>
    /// <param name="Tensors">Tensors inside the graph.</param>
    public readonly record struct Lists(bool Plan = false, bool Tensors = false);

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">The file is not an ONNX model.</exception>
    public static void Run(string path, InspectedUse use, Lists lists, OutputStyle style, TextWriter stdout)
    {
        var inspection = WithinTime(path, () => ModelInspection.Of(OnnxModel.Load(path), use));
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(inspection));
        else
            Write(inspection, lists, stdout);
        // Who names a use asks whether it works, and a kind is a teacher's.
        if (use.IsOfTeacher || use.IsNamed && inspection.Student.Possible != true)
            inspection.Teacher.Require();
    }

    /// <summary>
    /// Limits of single runs end most of what never ends; this ends the rest, such as one step that takes all the time. What is still running is
    /// left behind.
    /// </summary>
    private static T WithinTime<T>(string path, Func<T> look)
    {
        var looking = Task.Factory.StartNew(look, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        // A run as a teacher and one as a student, and what lies between them.
        return Task.WaitAny([looking], 2 * ModelLimits.TimeFor(OnnxModel.BytesOf(path)) + Time / 4) < 0 ? throw ModelLimits.TooLong(path) : looking.GetAwaiter().GetResult();
    }

    private static void Write(ModelInspection inspection, Lists lists, TextWriter stdout)
    {
        Line("file", inspection.File);
        Line("SHA-256", inspection.Sha256);
        Line("opset", string.Join(", ", inspection.Opsets.Select(o => $"{o.Key} {o.Value}")));
        foreach (var input in inspection.Inputs)
            Line("input", input);
        foreach (var output in inspection.Outputs)
            Line("output", output);
        Line("operators", string.Join(", ", inspection.Operators.Select(o => $"{o.Key} x {o.Value}")));
        Line("parameters", inspection.Parameters.ToString("#,0", CultureInfo.InvariantCulture));
        foreach (var (key, value) in inspection.Metadata)
            Line("metadata", $"{key} = {value}");
        foreach (var note in inspection.Notes)
            Line("note", note);
        foreach (var kind in inspection.Kinds)
            Line("kind", kind);
        Line("teacher", Describe(inspection.Teacher));
        Line("student", Describe(inspection.Student));
        if (inspection.AsStudent is not { } student)
            return;
        foreach (var note in student.Notes)
            Line("import", note);
        if (student.MultiplyAdds is { } count)
            Line("mult.-adds", count.ToString("#,0", CultureInfo.InvariantCulture) + " for one sample");
        foreach (var entry in lists.Plan ? student.Plan : [])
            Line(entry.Role, $"{entry.Name} {Shapes.Format(entry.Shape)}  {entry.Use}");
        foreach (var tensor in lists.Tensors ? student.Tensors : [])
            Line("tensor", $"{tensor.Name} {Shapes.Format(tensor.Shape)}  {tensor.Operator}");

        void Line(string name, string text) => stdout.WriteLine($"{name + ":",-12}{text.ReplaceLineEndings("\n            ")}");
    }

    private static string Describe(Suitability suitability) => $"{suitability.Possible switch { true => "yes", false => "no", null => "not known yet" }}: {suitability.Reason}";

    private static int[] ParseShape(string text)
    {
        int[] sizes = [.. text.Split(',').Select(SizeOrZero)];
        return !sizes.Contains(0)
            ? sizes
            : throw new InputException(
                "A sample's shape is not one.", "--sample-shape", $"'{text}'", "whole numbers above 0 with commas: 3,224,224");
    }

    private static int SizeOrZero(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0;
}
