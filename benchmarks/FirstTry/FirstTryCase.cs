using System.Runtime.InteropServices;
using System.Text;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Export;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>A teacher and its samples, as a newcomer has them.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Teacher">Takes samples as they are.</param>
/// <param name="Shape">The shape of a sample.</param>
/// <param name="Train">Values of the transfer set.</param>
/// <param name="Test">Values of the test set.</param>
internal sealed record FirstTryCase(string Name, OnnxModel Teacher, int[] Shape, float[] Train, float[] Test)
{
    /// <summary>The teacher's file in the case's folder.</summary>
    public const string TeacherFile = "teacher.onnx";

    /// <summary>Whether values are token ids, which cannot be multiplied or shifted.</summary>
    public bool AreTokens { get; init; }

    /// <summary>Of token ids: whether the teacher takes a mask beside them, 1 for each that is not 0.</summary>
    public bool HasMask { get; init; }

    /// <summary>What the inputs are called, where the teacher takes a mask.</summary>
    public const string Ids = "input_ids", Mask = "attention_mask";

    /// <summary>Values of a sample.</summary>
    public int Elements => Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>All cases, each made when it is asked for.</summary>
    /// <param name="root">The root of the checkout.</param>
    /// <param name="scratch">A folder for what is drawn.</param>
    public static IReadOnlyList<(string Name, Func<FirstTryCase> Make)> All(string root, string scratch) =>
    [
        ("table of 16 columns, 3 classes", () => Tables.Make("table of 16 columns, 3 classes", 16, 3, bias: 0, seed: 1)),
        ("table of 40 columns, 5 classes", () => Tables.Make("table of 40 columns, 5 classes", 40, 5, bias: 0, seed: 2)),
        ("table of 10 columns, 2 classes, one of them rare", () => Tables.Make("table of 10 columns, 2 classes, one of them rare", 10, 2, bias: 0.9f, seed: 3)),
        ("table of 20 amounts, 4 classes", () => Tables.Make("table of 20 amounts, 4 classes", 20, 4, bias: 0, seed: 5, areAmounts: true)),
        ("table of tumours, 2 classes", () => RealTables.Read("table of tumours, 2 classes", "breast_cancer.csv", skip: 1)),
        ("table of small digits, 10 classes", () => RealTables.Read("table of small digits, 10 classes", "digits.csv.gz", skip: 0)),
        ("digits", () => Pictures.OfIdx("digits", Path.Combine(root, "models", "mnist-cnn-1.onnx"), "mnist", "", new() { Scale = 1 / 255.0 })),
        ("clothes", () => Pictures.OfIdx("clothes", Path.Combine(root, "models", "fashion-mnist-resnet20-1.onnx"), "fashion-mnist", ".gz", Pictures.OfClothes)),
        ("letters drawn in fonts", () => Pictures.Letters("letters drawn in fonts", scratch)),
        ("tones", () => Tones.Make("tones", seed: 4)),
        ("package descriptions", () => Descriptions.Make("package descriptions")),
        ("package descriptions with a mask", () => Descriptions.Make("package descriptions with a mask", hasMask: true)),
    ];

    /// <summary>The same with other numbers in the files, which the teacher takes back: it says what it said.</summary>
    public FirstTryCase Moved(float factor, float summand) => this with
    {
        Name = $"{Name}, × {factor} + {summand}",
        Teacher = InputPreprocessing.PutInside(Teacher, new() { Scale = 1.0 / factor, Mean = [summand / (double)factor] }, Shape),
        Train = Array.ConvertAll(Train, value => value * factor + summand),
        Test = Array.ConvertAll(Test, value => value * factor + summand),
    };

    /// <summary>Writes teacher and samples.</summary>
    /// <returns>The options of the command line that name them.</returns>
    public string[] Write(string folder)
    {
        Directory.CreateDirectory(folder);
        Teacher.Save(Path.Combine(folder, TeacherFile));
        WriteNpy(Path.Combine(folder, "train.npy"), Train);
        WriteNpy(Path.Combine(folder, "test.npy"), Test);
        string[] teacher = ["--teacher", Path.Combine(folder, TeacherFile)];
        if (!HasMask)
            return [.. teacher, "--samples", Path.Combine(folder, "train.npy"), "--test-samples", Path.Combine(folder, "test.npy")];
        WriteNpy(Path.Combine(folder, "train-mask.npy"), MaskOf(Train));
        WriteNpy(Path.Combine(folder, "test-mask.npy"), MaskOf(Test));
        return [.. teacher, "--set", Inputs("transfer", "train"), "--set", Inputs("test", "test")];

        string Inputs(string set, string file) => $"data.{set}.inputs={{ {Ids}: {Path.Combine(folder, $"{file}.npy")}, {Mask}: {Path.Combine(folder, $"{file}-mask.npy")} }}";
    }

    /// <summary>The mask of token ids.</summary>
    public static float[] MaskOf(float[] ids) => Array.ConvertAll(ids, id => id == 0 ? 0f : 1);

    /// <summary>Writes numbers as a file of NumPy's.</summary>
    /// <param name="path">The file.</param>
    /// <param name="values">All values.</param>
    /// <param name="shape">The shape of one of the things that they are of.</param>
    /// <param name="areIntegers">Whether they are written as int64, not float32.</param>
    public static void WriteNpy(string path, float[] values, int[] shape, bool areIntegers)
    {
        int[] all = [values.Length / shape.Aggregate(1, (product, size) => product * size), .. shape];
        var header = $"{{'descr': '{(areIntegers ? "<i8" : "<f4")}', 'fortran_order': False, 'shape': ({string.Concat(all.Select(size => $"{size}, "))}), }}".PadRight(117) + "\n";
        using var file = File.Create(path);
        file.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)]);
        file.Write(areIntegers ? MemoryMarshal.AsBytes<long>(Array.ConvertAll(values, value => (long)value)) : MemoryMarshal.AsBytes<float>(values));
    }

    private void WriteNpy(string path, float[] values) => WriteNpy(path, values, Shape, AreTokens);
}
