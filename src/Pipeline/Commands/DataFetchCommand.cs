using System.CommandLine;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd data fetch NAME</c>: for scripts; recipes fetch what they name by themselves.</summary>
internal sealed class DataFetchCommand : ExampleCommand
{
    private readonly Argument<string[]> names = new("NAME")
    {
        Description = "A set; several are fetched one after the other.",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>Declares the command.</summary>
    public DataFetchCommand()
        : base(
            "fetch", "Fetches data sets that are not there yet, checks them, and prints their folders.", "onnxkd data fetch mnist",
            "onnxkd data fetch pp-ocr fonts-dejavu")
    {
        names.CompletionSources.Add([.. DataSetTable.All.Select(set => set.Name)]);
        Add(names);
        Does((parsed, stdout, stderr, token) => Run(parsed.GetValue(names)!, GlobalOptions.Style(parsed), stdout, stderr, token));
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="Core.Errors.InputException">A name is not known, or a set cannot be fetched.</exception>
    public static void Run(IReadOnlyList<string> names, OutputStyle style, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var sets = names.Select(name => DataSetTable.Find(name, "data fetch")).ToArray();
        var store = DataSetStore.Open(stderr.WriteLine);
        FileList.Write(stdout, style, [.. sets.Select(set => (set.Name, store.Require(set, token)))]);
    }
}
