using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Deployment;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Conversion;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd convert MODEL</c>: another form of a model, checked against it.</summary>
internal sealed class ConvertCommand : ExampleCommand
{
    private const string OpsetPrefix = "opset=";
    private const double HalfTolerance = 1e-2;
    private const double ExactTolerance = 1e-4;
    private const double Int8Tolerance = 0.1;
    private const double FloatAgreement = 0.995;
    private const double Int8Agreement = 0.98;
    private const long MeasuredSamples = 64;
    private const long CalibrationSamples = 256;

    private readonly FeedArguments feeds = new();

    private readonly Argument<string> model = new("MODEL") { Description = "An ONNX file." };

    private readonly Option<string> output = new("--output", "-o") { Description = "The file to write.", Required = true };

    private readonly Option<bool> force = new("--force") { Description = "Let --output replace any file that is not read, not only one that onnxkd wrote." };

    private readonly Option<string> to = new("--to")
    {
        Description = "float16; mixed, which leaves sensitive nodes in float32; int8; opset=N, a newer operator set; or ort, ONNX Runtime's own format.",
        HelpName = "FORM", Required = true,
    };

    private readonly Option<double?> tolerance = new("--tolerance")
    {
        Description = "The relative error (root mean square) of each output that passes; default 0.01 for float16 and mixed, 0.1 for int8, 0.0001 for the others.",
    };

    private readonly Option<double?> agreement = new("--agreement")
    {
        Description = "The share of samples that must keep their top class, where an output holds classes; default 0.995, 0.98 for int8.",
    };

    private readonly Option<long?> probe = new("--probe")
    {
        Description = "Samples that the effect of single nodes (mixed; default 64) or the scales of activations (int8; default 256) are measured with.",
    };

    /// <summary>Declares the command.</summary>
    public ConvertCommand()
        : base(
            "convert",
            "Converts a model to float16, mixed precision, int8, a newer operator set or ORT format, and compares it with the original on real samples.",
            "onnxkd convert student.onnx -o student.fp16.onnx --to float16 --samples test.npy --scale 1/255",
            "onnxkd convert student.onnx -o student.mixed.onnx --to mixed --samples test.npy",
            "onnxkd convert student.onnx -o student.int8.onnx --to int8 --samples test.npy --scale 1/255",
            "onnxkd convert old.onnx -o new.onnx --to opset=18 --samples test.npy",
            "onnxkd convert student.onnx -o student.ort --to ort --samples test.npy")
    {
        Add(model);
        Add(output);
        Add(force);
        Add(to);
        Add(tolerance);
        Add(agreement);
        Add(probe);
        to.CompletionSources.Add("float16", "mixed", "int8", "ort", OpsetPrefix);
        feeds.AddTo(this);
        Does((parsed, stdout, stderr, token) => Run(parsed, stdout, new(stderr, GlobalOptions.Style(parsed).Live), token));
    }

    private void Run(ParseResult parsed, TextWriter stdout, StageReporter reporter, CancellationToken token)
    {
        var (path, target) = (parsed.GetValue(model)!, parsed.GetValue(output)!);
        var (kind, opset) = ParseForm(parsed.GetValue(to)!);
        var allowed = Tolerance(parsed, kind);
        var options = feeds.Read(parsed);
        if (options.Samples.Count == 0)
            throw new InputException("A conversion is checked on real samples, and there are none.", path, remedy: "give some: --samples FILE");
        ExportTarget.Require(target, [path], options.Files, parsed.GetValue(force));

        using var sets = options.Open();
        var source = OnnxModel.Load(path);
        if (source.Maps.Count > 0 && kind == ConversionKind.Ort)
            throw new UnsupportedModelException(
                "A model that gives maps cannot be converted to ONNX Runtime's format.", path, $"output '{source.Maps[0].Output}' of a ZipMap", "tensors", "export the model without it (for scikit-learn: option zipmap=False; a student: export.interface: own)");
        // Of maps, what they are made of is converted and compared.
        using var original = source.Maps.Count > 0 ? ModelSession.Of(source.Proto, path) : ModelSession.Open(path);
        var plan = sets.For(original, path);
        using var scratch = new ScratchFolder();
        reporter.Started("convert", path);
        var converted = Path.Combine(scratch.Path, Path.GetFileName(target));
        var kinds = original.Outputs.Select(one => (one.Name, Kind: KindOf(source, one.Name))).Where(one => one.Kind is not null).ToDictionary(one => one.Name, one => one.Kind!.Value);
        var goal = new MixedGoal(allowed.RelativeError) { ErrorOf = output => ConversionReport.ErrorOf(output, kinds) };
        var nodes = new Conversion(kind, opset, goal, plan, Math.Min(plan.Count, Probed(parsed, kind))).Run(source, converted, reporter, token);
        using var session = ModelSession.Open(converted);
        reporter.Started("compare", path);
        var outputs = OutputDifference.Between(
            original, session, plan, plan.Count, BatchSize.For(1, 1, most: 32), done => reporter.Report(new("compare", done, plan.Count, "samples")), token);
        var report = new ConversionReport(
            path, target, parsed.GetValue(to)!, source.FileBytes, new FileInfo(converted).Length, plan.Count, outputs, kinds, nodes)
        {
            Decided = [.. Decision.AllOf(source.Proto.Graph).Where(decision => !decision.IsOfValues).Select(decision => decision.Output)],
        };
        report.Require(allowed);
        if (source.Maps.Count > 0)
            ModelConverter.GiveMaps(converted, source.Maps);
        AtomicFile.Write(target, stream => stream.Write(File.ReadAllBytes(converted)));
        report.Write(stdout, GlobalOptions.Style(parsed));
    }

    private long Probed(ParseResult parsed, ConversionKind kind) => parsed.GetValue(probe) ?? (kind == ConversionKind.Int8 ? CalibrationSamples : MeasuredSamples);

    private static OutputKind? KindOf(OnnxModel model, string output)
    {
        if (HeadMetadata.Of(model.Proto).FirstOrDefault(head => head.Output == output || head.Scores == output) is { } described)
            return described.Kind;
        var only = model.Proto.Graph.Output.Count == 1;
        var trace = LogitTrace.Find(model.Proto.Graph, output, output);
        var evidence = KindEvidence.OfModel(model.Proto, only ? null : output, trace) ?? KindEvidence.OfName(output, columns: 2);
        return evidence?.Kind;
    }

    private static (ConversionKind Kind, int Opset) ParseForm(string text) => text switch
    {
        "float16" => (ConversionKind.Float16, 0),
        "mixed" => (ConversionKind.Mixed, 0),
        "int8" => (ConversionKind.Int8, 0),
        "ort" => (ConversionKind.Ort, 0),
        _ when text.StartsWith(OpsetPrefix, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(OpsetPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var opset)
            && opset <= ModelConverter.NewestOpset => (ConversionKind.Opset, opset),
        _ => throw new InputException(
            "A model cannot be converted to that.", "--to", $"'{text}'", $"float16, mixed, int8, ort, or opset=N with N up to {ModelConverter.NewestOpset}"),
    };

    private ConversionTolerance Tolerance(ParseResult parsed, ConversionKind kind)
    {
        var error = parsed.GetValue(tolerance) ?? kind switch
        {
            ConversionKind.Float16 or ConversionKind.Mixed => HalfTolerance,
            ConversionKind.Int8 => Int8Tolerance,
            _ => ExactTolerance,
        };
        var share = parsed.GetValue(agreement) ?? (kind == ConversionKind.Int8 ? Int8Agreement : FloatAgreement);
        if (!(error >= 0 && double.IsFinite(error)))
            throw new InputException("A tolerance is out of range.", tolerance.Name, $"{error}", "a number of at least 0");
        if (share is not (>= 0 and <= 1))
            throw new InputException("A share is out of range.", agreement.Name, $"{share}", "0 to 1");
        if (Probed(parsed, kind) is var probed and < 1)
            throw new InputException("A number of samples is out of range.", probe.Name, $"{probed}", "at least 1");
        return new(error, share);
    }
}
