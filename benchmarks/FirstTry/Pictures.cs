using System.Text.Json;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Export;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>Pictures: sets with the teachers that ship, and letters that the program draws.</summary>
internal static class Pictures
{
    private const int Side = 28;

    /// <summary>What the shipped teachers of Fashion-MNIST take (models/README.md).</summary>
    public static Preprocessing OfClothes { get; } = new() { Scale = 1 / 255.0, Mean = [0.286], Std = [0.353] };

    /// <summary>A set of IDX files with a teacher that ships.</summary>
    /// <param name="name">The case.</param>
    /// <param name="model">The teacher.</param>
    /// <param name="set">The set's name.</param>
    /// <param name="suffix">Of its files.</param>
    /// <param name="preprocessing">What the teacher takes, which is put inside it.</param>
    public static FirstTryCase OfIdx(string name, string model, string set, string suffix, Preprocessing preprocessing)
    {
        var folder = DataFolder.Of(set);
        var teacher = InputPreprocessing.PutInside(OnnxModel.Load(model), preprocessing, [Side, Side]);
        return new(name, teacher, [Side, Side], Read($"train-images-idx3-ubyte{suffix}", 10_000), Read($"t10k-images-idx3-ubyte{suffix}", 2_000));

        float[] Read(string file, int count)
        {
            using var pictures = TransferSet.Open(new() { Samples = Path.Combine(folder, file) });
            return Values(pictures, count);
        }
    }

    /// <summary>Capital letters in all fonts of DejaVu, blurred, slanted, noisy and inverted, and a network that learned them from their labels as the teacher.</summary>
    /// <param name="name">The case.</param>
    /// <param name="scratch">Where they are drawn.</param>
    public static FirstTryCase Letters(string name, string scratch)
    {
        var folder = Path.Combine(scratch, "letters");
        File.WriteAllText(Path.Combine(scratch, "letters.txt"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        string[] fonts = [.. Directory.GetFiles(DataFolder.Of("fonts-dejavu"), "DejaVuS*.ttf").Order(StringComparer.Ordinal)];
        CommandLine.OfThisCheckout.Run(
        [
            "prepare", "rendered-text", "-o", folder, "--alphabet", Path.Combine(scratch, "letters.txt"), "--count", "5000", "--length", "1,1", "--height", $"{Side}",
            "--width", $"{Side}", "--size", "18,24", .. fonts.SelectMany(font => new[] { "--font", font }),
        ]);
        using var set = TransferSet.Open(new() { Samples = Path.Combine(folder, "samples.safetensors"), SamplesKey = "samples" });
        var (all, elements) = (Values(set, (int)set.Count), set.SampleElements);
        var labels = File.ReadLines(Path.Combine(folder, "sources.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()![0] - 'A').ToArray();
        var train = labels.Length * 4 / 5;
        var (samples, known, runs) = (Path.Combine(scratch, "letters.npy"), Path.Combine(scratch, "letter-labels.npy"), Path.Combine(scratch, "letter-runs"));
        FirstTryCase.WriteNpy(samples, all[..(train * elements)], [.. set.SampleShape], areIntegers: false);
        FirstTryCase.WriteNpy(known, Array.ConvertAll(labels[..train], label => (float)label), [], areIntegers: true);
        CommandLine.OfThisCheckout.Run(["run", "--samples", samples, "--labels", known, "--architecture", "cnn", "--epochs", "20", "--name", "teacher", "--runs", runs]);
        var teacher = OnnxModel.Load(Path.Combine(runs, "teacher", "student.onnx"));
        return new(name, teacher, [.. set.SampleShape], all[..(train * elements)], all[(train * elements)..]);
    }

    private static float[] Values(TransferSet set, int count)
    {
        var values = new float[count * set.SampleElements];
        set.Read([.. Enumerable.Range(0, count).Select(row => (long)row)], values);
        return values;
    }
}
