using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd cache import</c>: what a teacher said, from files, as a checked logit cache.</summary>
internal sealed class CacheImportCommand : ExampleCommand
{
    private readonly Argument<string[]> signals = new("SIGNALS")
    {
        Description = "NPY, NPZ, safetensors, CSV, Parquet or Arrow with a row for each sample; of several the first holds the answer, the others features.",
        HelpName = SignalArguments.HelpName,
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> samples = new("--samples") { Description = "The samples that the rows are of.", Required = true };

    private readonly Option<string?> labels = new("--labels") { Description = "Their labels, which may tell what the rows hold." };

    private readonly Option<string> to = new("--to") { Description = "The cache's folder.", Required = true };

    private readonly Option<string?> ids = new("--ids")
    {
        Description = "A file with the sample (its row in the file of samples) that each row is of; default: the rows are in the samples' order.",
    };

    private readonly Option<OutputKind?> kind = new("--kind") { Description = "What the rows hold; found by default." };

    private readonly Option<bool?> probabilities = new("--probabilities") { Description = "Whether class scores are probabilities (true) or logits (false); found by default." };

    /// <summary>Declares the command.</summary>
    public CacheImportCommand()
        : base(
            "import",
            "Makes a logit cache of what a teacher said before, from files; 'teachers: [{ signals: FOLDER }]' then learns from it.",
            "onnxkd cache import logits.npy --samples train.npy --to caches/big",
            "onnxkd cache import logits=logits.npy pool=features.npz --ids ids.npy --samples train.npy --to caches/big")
    {
        kind.CompletionSources.Clear(); // which has the names in the code
        kind.CompletionSources.Add([.. Enum.GetValues<OutputKind>().Select(value => value.Word())]);
        Add(signals);
        Add(samples);
        Add(labels);
        Add(ids);
        Add(kind);
        Add(probabilities);
        Add(to);
        Does((parsed, stdout, stderr, token) =>
        {
            var files = SignalArguments.Read(parsed.GetValue(signals)!, signals.Name);
            using var set = TransferSet.Open(new() { Samples = parsed.GetValue(samples)!, Labels = parsed.GetValue(labels) });
            var teacher = new TeacherOptions
            {
                Signals = parsed.GetValue(ids) is { } file ? files with { Ids = Path.GetFullPath(file) } : files,
                Kind = parsed.GetValue(kind), Probabilities = parsed.GetValue(probabilities),
                Features = [.. files.Files.Skip(1).Select(other => new TappedTensor(other.Name!, other.Name))],
            };
            Run(set, teacher, parsed.GetValue(to)!, GlobalOptions.Style(parsed), stdout, stderr, token);
        });
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">A file is wrong, or does not fit the samples.</exception>
    /// <exception cref="CheckFailedException">The folder holds another cache.</exception>
    public static void Run(TransferSet set, TeacherOptions teacher, string folder, OutputStyle style, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var reporter = new StageReporter(stderr, style.Live);
        CacheCapture.Capture(set, new() { Teachers = [teacher], Device = "cpu" }, folder, reporter, token, reporter.Estimated);
        FileList.Write(stdout, style, ("cache", Path.GetFullPath(folder)));
    }
}
