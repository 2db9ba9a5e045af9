using System.Globalization;
using System.IO.Compression;
using OnnxKd.Core.Files;
using OnnxKd.StudentTrainer.Export;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>Tables that scikit-learn ships, as they are, and the classes' means of their standardised columns as teachers.</summary>
internal static class RealTables
{
    private const string Set = "sklearn-tables";

    /// <summary>Reads one; three rows of four are learned from.</summary>
    /// <param name="name">The case.</param>
    /// <param name="file">The file, whose last column holds the classes.</param>
    /// <param name="skip">Lines before the first row.</param>
    public static FirstTryCase Read(string name, string file, int skip)
    {
        double[][] rows = [.. Lines(Path.Combine(DataFolder.Of(Set), file)).Skip(skip).Select(line => Array.ConvertAll(line.Split(','), field => double.Parse(field, CultureInfo.InvariantCulture)))];
        new Random(6).Shuffle(rows);
        var (columns, train) = (rows[0].Length - 1, rows.Length * 3 / 4);
        double[] mean = [.. Enumerable.Range(0, columns).Select(column => rows[..train].Average(row => row[column]))];
        // A column that never varies, such as a corner that no digit reaches, is divided by 1.
        double[] std = [.. Enumerable.Range(0, columns).Select(column => Math.Sqrt(rows[..train].Average(row => Math.Pow(row[column] - mean[column], 2)))).Select(deviation => deviation > 0 ? deviation : 1)];
        int[] labels = [.. rows.Select(row => (int)row[columns])];
        var standard = ClassMeans.Fit(
            [.. rows[..train].SelectMany(row => row[..columns].Select((value, column) => (float)((value - mean[column]) / std[column])))], labels[..train], labels.Max() + 1, [columns]);
        float[] values = [.. rows.SelectMany(row => row[..columns]).Select(value => (float)value)];
        return new(name, InputPreprocessing.PutInside(standard, new() { Mean = mean, Std = std }, [columns]), [columns], values[..(train * columns)], values[(train * columns)..]);
    }

    private static IEnumerable<string> Lines(string path)
    {
        using var file = File.OpenRead(path);
        using var text = new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
        while (text.ReadLine() is { } line)
            yield return line;
    }
}
