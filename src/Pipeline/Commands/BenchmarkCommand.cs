using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;
using OnnxKd.Core.Threading;
using OnnxKd.Pipeline.Deployment;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd benchmark MODEL...</c>: latency, throughput and memory in ONNX Runtime.</summary>
internal sealed class BenchmarkCommand : ExampleCommand
{
    private static readonly BenchmarkSettings Defaults = new();

    private readonly FeedArguments feeds = new();

    private readonly Argument<string[]> models = new("MODEL")
    {
        Description = "ONNX files, or files in ORT format.", Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> threads = new("--threads")
    {
        Description = "Threads of ONNX Runtime; several with commas.", HelpName = "N,N", DefaultValueFactory = _ => "1",
    };

    private readonly Option<string?> batches = new("--batch-sizes")
    {
        Description = "Samples of a run; several with commas. Default: 1, or the model's own where that is fixed.", HelpName = "N,N",
    };

    private readonly Option<string> device = new("--device") { Description = "auto, cpu, cuda or cuda:N.", DefaultValueFactory = _ => "auto" };

    private readonly Option<int> warmUp = new("--warm-up") { Description = "Runs that come first and do not count.", DefaultValueFactory = _ => Defaults.WarmUp };

    private readonly Option<int> repeats = new("--repeats") { Description = "Runs that count, at most.", DefaultValueFactory = _ => Defaults.Repeats };

    private readonly Option<double> seconds = new("--seconds")
    {
        Description = "When a measurement has taken so long, it ends after its third run.", DefaultValueFactory = _ => Defaults.Time.TotalSeconds,
    };

    // What a measurement's own process is told; nobody else needs it.
    private readonly Option<bool> here = new("--in-this-process") { Hidden = true };

    /// <summary>Declares the command.</summary>
    public BenchmarkCommand()
        : base(
            "benchmark",
            "Times models in ONNX Runtime: p50 to p99, throughput and peak memory, by threads and batch sizes. Each measurement has a process of its own.",
            "onnxkd benchmark teacher.onnx student.onnx",
            "onnxkd benchmark student.onnx --threads 1,4 --batch-sizes 1,8,32 --json",
            "onnxkd benchmark bert.onnx --axis batch=1 --axis sequence=128",
            "onnxkd benchmark two-inputs.onnx --samples left=left.npy --samples right=right.npy")
    {
        Add(models);
        Add(threads);
        Add(batches);
        Add(warmUp);
        Add(repeats);
        Add(seconds);
        Add(device);
        Add(here);
        device.CompletionSources.Add("auto", "cpu", "cuda");
        feeds.AddTo(this);
        Does((parsed, stdout, stderr, token) =>
        {
            if (parsed.GetValue(here))
                stdout.Write(CanonicalJson.Serialize(Measure(parsed, token)));
            else
                Run(parsed, stdout, new(stderr, GlobalOptions.Style(parsed).Live), token);
        });
    }

    private void Run(ParseResult parsed, TextWriter stdout, StageReporter reporter, CancellationToken token)
    {
        var options = Settings(parsed);
        var (threadCounts, batchSizes) = (NumberList.Parse(parsed.GetValue(threads)!, threads.Name, Parts.MostThreads), Batches(parsed));
        var paths = parsed.GetValue(models)!;
        // All is checked before the first measurement.
        foreach (var path in paths)
            Check(path, feeds.Read(parsed), batchSizes, options.Device);

        var found = new List<BenchmarkEntry>();
        var total = paths.Length * threadCounts.Length * batchSizes.Length;
        foreach (var path in paths)
            foreach (var count in threadCounts)
                foreach (var batch in batchSizes)
                {
                    reporter.Note(string.Create(CultureInfo.InvariantCulture, $"measurement {found.Count + 1} of {total}: {Path.GetFileName(path)}, threads {count}") + (batch is null ? "" : $", batch {batch}"));
                    var output = OwnProcess.Run([.. Words(parsed, path, count, batch)], token);
                    found.Add(new(path, OnnxModel.BytesOf(path), CanonicalJson.Deserialize<BenchmarkResult>(System.Text.Encoding.UTF8.GetBytes(output), path)));
                }
        new BenchmarkTable(Environment.ProcessorCount, ProductVersion.OnnxRuntime, found).Write(stdout, GlobalOptions.Style(parsed));
    }

    private static void Check(string path, FeedOptions options, IEnumerable<int?> batchSizes, string device)
    {
        using var sets = options.Open();
        using var session = ModelSession.Open(path, device, brief: true);
        var plan = sets.For(session, path);
        foreach (var batch in batchSizes)
            _ = LatencyBenchmark.Rows(plan, batch, path);
    }

    private BenchmarkResult Measure(ParseResult parsed, CancellationToken token)
    {
        var path = parsed.GetValue(models)![0];
        using var sets = feeds.Read(parsed).Open();
        var settings = Settings(parsed) with { Threads = NumberList.Parse(parsed.GetValue(threads)!, threads.Name)[0], BatchSize = Batches(parsed)[0] };
        return LatencyBenchmark.Run(path, session => sets.For(session, path), settings, token);
    }

    private IEnumerable<string> Words(ParseResult parsed, string path, int count, int? batch) =>
    [
        Name, path, here.Name, threads.Name, $"{count}", .. batch is { } rows ? new[] { batches.Name, $"{rows}" } : [],
        warmUp.Name, $"{parsed.GetValue(warmUp)}", repeats.Name, $"{parsed.GetValue(repeats)}",
        seconds.Name, parsed.GetValue(seconds).ToString(CultureInfo.InvariantCulture), device.Name, parsed.GetValue(device)!,
        .. feeds.Words(parsed), .. GlobalOptions.LimitWords(parsed),
    ];

    private int?[] Batches(ParseResult parsed) =>
        parsed.GetValue(batches) is { } text ? [.. NumberList.Parse(text, batches.Name).Select(size => (int?)size)] : [null];

    private BenchmarkSettings Settings(ParseResult parsed)
    {
        RequireAtLeast(warmUp, parsed.GetValue(warmUp), 0);
        RequireAtLeast(repeats, parsed.GetValue(repeats), 1);
        return new()
        {
            Device = parsed.GetValue(device)!, WarmUp = parsed.GetValue(warmUp), Repeats = parsed.GetValue(repeats),
            Time = parsed.GetValue(seconds) is > 0 and < 1e6 and var time ? TimeSpan.FromSeconds(time) : throw new InputException(
                "A time is out of range.", seconds.Name, parsed.GetValue(seconds).ToString(CultureInfo.InvariantCulture), "seconds above 0"),
        };
    }

    private static void RequireAtLeast(Option<int> option, int found, int least)
    {
        if (found < least)
            throw new InputException("A number of runs is out of range.", option.Name, $"{found}", $"at least {least}");
    }
}
