using System.Text.Json;
using OnnxKd.Benchmarks.Capture;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Errors;

// Every benchmark: its name, what it measures, and its code.
(string Name, string Measures, Func<Arguments, object> Run)[] benchmarks =
[
    ("capture", "rate of a capture ÷ rate of a bare loop over the same session and batches", CaptureRate.Run),
    ("memory", "peak memory of a capture of ten times the samples ÷ of one time", CaptureMemory.Run),
];

// A benchmark that needs a fresh process starts this program again with a name that is not listed.
if (args is [CaptureMemory.Child, ..])
    return CaptureMemory.RunChild(args[1..]);

if (args is [var name, .. var rest] && Array.Find(benchmarks, b => b.Name == name) is { Run: { } run })
{
    try
    {
        var arguments = new Arguments(rest);
        var result = run(arguments);
        if (arguments.Json)
            Console.WriteLine(JsonSerializer.Serialize(result, Output.Json));
        else
            Output.Print(result);
        return 0;
    }
    catch (Exception e) when (e is UsageException or OnnxKdException)
    {
        Console.Error.WriteLine(e.Message);
        return 2;
    }
}

Console.Error.WriteLine("usage: benchmarks/run.sh NAME [--json] [options]");
foreach (var benchmark in benchmarks)
    Console.Error.WriteLine($"  {benchmark.Name,-12} {benchmark.Measures}");
return 2;
