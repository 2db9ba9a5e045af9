using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Tables in which numbers are missing: what they become while a student learns, they become inside its file.</summary>
public sealed class MissingNumbersTests : IDisposable
{
    private const int Features = 16;

    private readonly TemporaryFolder folder = new();

    public MissingNumbersTests()
    {
        foreach (var (name, seed) in new[] { ("train", 1), ("test", 2) })
        {
            var random = new Random(seed);
            var rows = Enumerable.Range(0, 300).Select(_ => string.Join(',', Enumerable.Range(0, Features).Select(c =>
                c == 3 && random.Next(4) == 0 ? "" : (random.NextDouble() * 4 - 2).ToString("0.000", CultureInfo.InvariantCulture))));
            File.WriteAllLines(folder[$"{name}.csv"], rows.Prepend(string.Join(',', Enumerable.Range(0, Features).Select(c => $"c{c}"))));
        }
        LinearModel.Write(folder["teacher.onnx"]);
    }

    public void Dispose() => folder.Dispose();

    /// <summary>The test set is not told: it fills as the transfer set does.</summary>
    [Fact]
    public void Run_WithAFiller_ShipsItInsideTheStudent()
    {
        Cli.Done(
            "run", "--name", "run", "--runs", folder["runs"], "--teacher", folder["teacher.onnx"], "--samples", folder["train.csv"], "--test-samples", folder["test.csv"],
            "--kind", "values", "--set", "data.transfer.table.missing={ c3: 0.25 }", "--epochs", "10", "--lr", "0.01", "--threads", "1", "--set", "student.architecture=mlp");

        float[] sample = [.. Enumerable.Range(0, Features).Select(c => c / 10f)];
        Assert.Equal(Ask([.. sample.Select((value, c) => c == 3 ? 0.25f : value)]), Ask([.. sample.Select((value, c) => c == 3 ? float.NaN : value)]));
        Assert.Contains("`c3`, 0.25 where it is missing", File.ReadAllText(folder["runs/run/README.md"]));
    }

    [Fact]
    public void Open_OfASecondSet_FillsAsTheFirst()
    {
        using var first = TransferSet.Open(new TransferSetOptions { Samples = folder["train.csv"], Table = new() { MissingValue = 5 } });
        using var second = TransferSet.Open(new TransferSetOptions { Samples = folder["test.csv"] }, first);
        using var told = TransferSet.Open(new TransferSetOptions { Samples = folder["test.csv"], Table = new() { MissingByColumn = [new("c3", 6)] } }, first);

        Assert.Contains(5, Values(second));
        Assert.Contains(6, Values(told));
    }

    /// <summary>Without names columns go by their numbers; a column of categories before has a value for each text.</summary>
    [Fact]
    public void FillerOfValues_OfATableWithoutNames_GoesByThePlacesOfValues()
    {
        File.WriteAllLines(folder["plain.csv"], ["a,1,2", "b,,3", "a,4,"]);
        using var set = TransferSet.Open(new TransferSetOptions
        {
            Samples = folder["plain.csv"], Table = new() { Header = false, Categories = [new("0", ["a", "b"], IsOneHot: true)], MissingByColumn = [new("1", 7), new("2", 8)] },
        });

        Assert.Equal([float.NaN, float.NaN, 7, 8], set.FillerOfValues()!);
    }

    private static float[] Values(TransferSet set)
    {
        var values = new float[set.Count * set.SampleElements];
        set.Read([.. Enumerable.Range(0, (int)set.Count).Select(row => (long)row)], values);
        return values;
    }

    private float[] Ask(float[] sample)
    {
        using var session = new InferenceSession(folder["runs/run/student.onnx"]);
        using var samples = OrtValue.CreateTensorValueFromMemory(sample, [1, .. session.InputMetadata.Single().Value.Dimensions.Skip(1).Select(size => (long)size)]);
        using var options = new RunOptions();
        using var results = session.Run(options, [session.InputNames[0]], [samples], [session.OutputNames[0]]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
