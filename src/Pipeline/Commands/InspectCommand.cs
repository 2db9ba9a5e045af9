using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Sessions;

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

    private readonly Option<string?> samples = new("--samples")
    {
        Description = "Samples of the model: it is tried on the first of them, and their labels (--labels) can tell what its output holds where nothing else does.",
    };

    private readonly Option<string?> labels = new("--labels") { Description = "The labels of the samples." };

    private readonly Option<string?> output = new("--output") { Description = "The tensor that would be learned from: an output, or one inside the graph." };

    private readonly Option<bool> plan = new("--plan") { Description = "List the role of every tensor: what a student would learn." };

    private readonly Option<bool> tensors = new("--tensors") { Description = "List the tensors inside the graph that can be tapped." };

    /// <summary>Declares the command.</summary>
    public InspectCommand()
        : base(
            "inspect",
            "Shows inputs, outputs, operators and parameters of a model, and whether it can be a teacher or a student.",
            "onnxkd inspect model.onnx",
            "onnxkd inspect model.onnx --samples x.npy --labels y.npy",
            "onnxkd inspect model.onnx --plan",
            "onnxkd inspect model.onnx --sample-shape 3,224,224 --json")
    {
        Add(model);
        Add(sampleShape);
        Add(samples);
        Add(labels);
        Add(output);
        Add(plan);
        Add(tensors);
        Does((parsed, stdout, _, _) =>
        {
            var shape = parsed.GetValue(sampleShape) is { } text ? ParseShape(text) : null;
            var lists = new Lists(parsed.GetValue(plan), parsed.GetValue(tensors));
            using var set = parsed.GetValue(samples) is { } path ? OpenSet(new() { Samples = path, Labels = parsed.GetValue(labels) }, parsed.GetValue(model)!) : null;
            Run(parsed.GetValue(model)!, new(shape, set, parsed.GetValue(output)), lists, GlobalOptions.Style(parsed), stdout);
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
        var inspection = WithinTime(path, () => Look(OnnxModel.Load(path), use));
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(inspection));
        else
            Write(inspection, lists, stdout);
    }

    /// <summary>Looks at a model. A run checks a student in ONNX Runtime: what that refuses is none, whatever can be trained.</summary>
    private static ModelInspection Look(OnnxModel model, InspectedUse use)
    {
        var inspection = ModelInspection.Of(model, use);
        if (inspection is not { Teacher.Possible: false, Student.Possible: true })
            return inspection;
        var opened = Suitability.Of(() =>
        {
            SessionFactory.Open(model.Proto, ExecutionDevice.Resolve(ExecutionDevice.Cpu), threads: 1, inspection.File, brief: true).Dispose();
            return "";
        });
        return opened.Possible == true ? inspection : inspection with { Student = opened, AsStudent = null };
    }

    /// <summary>Opens samples of a model, with a tensor or a column for each of its inputs, if it has several.</summary>
    private static TransferSet OpenSet(TransferSetOptions options, string model) =>
        TransferSet.Open(InputChoice.Choose(options, [ReadingModel.Of(OnnxModel.Load(model), InputFeeds.None)], key: null));

    /// <summary>
    /// Limits of single runs end most of what never ends; this ends the rest, such as one step that takes all the time. What is still running is
    /// left behind.
    /// </summary>
    private static T WithinTime<T>(string path, Func<T> look)
    {
        var looking = Task.Factory.StartNew(look, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        // A run as a teacher and one as a student, and what lies between them.
        return Task.WaitAny([looking], 2 * ModelLimits.Time + Time / 4) < 0 ? throw ModelLimits.TooLong(path) : looking.GetAwaiter().GetResult();
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
