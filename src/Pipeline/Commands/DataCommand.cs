using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd data</c>: the data sets that are known by name.</summary>
internal sealed class DataCommand : ExampleCommand
{
    /// <summary>Declares the command.</summary>
    public DataCommand()
        : base("data", "Lists the data sets that are known by name, or fetches some.", "onnxkd data", "onnxkd data fetch mnist")
    {
        Add(new DataFetchCommand());
        Does((parsed, stdout, _, _) => List(GlobalOptions.Style(parsed), stdout));
    }

    /// <summary>Lists them.</summary>
    public static void List(OutputStyle style, TextWriter stdout)
    {
        var store = DataSetStore.Open(_ => { });
        if (style.Json)
        {
            stdout.Write(CanonicalJson.Serialize(DataSetTable.All.Select(set => new Entry(
                set.Name, set.Content, set.Licence, set.Bytes, [.. set.Packages.Select(package => package.Id)], [.. set.Parts.Select(part => part.Name)],
                store.Has(set) ? DataFolder.Of(set.Name) : null)).ToArray()));
            return;
        }
        foreach (var set in DataSetTable.All)
        {
            stdout.WriteLine($"{set.Name}: {set.Content}");
            stdout.WriteLine($"    from:    {set.Origin}{(set.Bytes > 0 ? $", {FileSize.Format(set.Bytes)}" : "")}");
            if (set.Parts.Count > 0)
                stdout.WriteLine($"    parts:   {string.Join(", ", set.Parts.Select(part => part.Name))}");
            stdout.WriteLine($"    licence: {set.Licence}");
            stdout.WriteLine($"    here:    {(store.Has(set) ? DataFolder.Of(set.Name) : "not yet")}");
        }
    }

    private sealed record Entry(
        string Name, string Content, string Licence, long Bytes, IReadOnlyList<string> Packages, IReadOnlyList<string> Parts, string? Folder);
}
