using System.Runtime.InteropServices;
using System.Text;
using Onnx;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
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
    /// <summary>All cases.</summary>
    /// <param name="root">The root of the checkout.</param>
    public static IEnumerable<FirstTryCase> All(string root)
    {
        yield return Table("table of 16 columns, 3 classes", 16, 3, bias: 0, seed: 1);
        yield return Table("table of 40 columns, 5 classes", 40, 5, bias: 0, seed: 2);
        yield return Table("table of 10 columns, 2 classes, one of them rare", 10, 2, bias: 1.5f, seed: 3);
        foreach (var name in new[] { "mnist-cnn-1", "mnist-cnn-2" })
            yield return Digits(name, Path.Combine(root, "models", $"{name}.onnx"));
    }

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
        Teacher.Save(Path.Combine(folder, "teacher.onnx"));
        WriteNpy(Path.Combine(folder, "train.npy"), Train);
        WriteNpy(Path.Combine(folder, "test.npy"), Test);
        return
        [
            "--teacher", Path.Combine(folder, "teacher.onnx"), "--samples", Path.Combine(folder, "train.npy"), "--test-samples", Path.Combine(folder, "test.npy"),
        ];
    }

    /// <summary>Normal features of deviations from 0.5 to 10,000, and a network of one hidden layer that labels them.</summary>
    private static FirstTryCase Table(string name, int columns, int classes, float bias, int seed)
    {
        const int Hidden = 24;
        var random = new Random(seed);
        double[] std = [.. Enumerable.Range(0, columns).Select(_ => 0.5 * Math.Pow(20_000, random.NextDouble()))];
        double[] mean = [.. std.Select(deviation => 5 * deviation * Normal(random))];
        var graph = new GraphProto
        {
            Name = "table",
            Input = { ValueInfo.Create("x", Core.Tensors.ElementType.Float32, "N", columns) },
            Output = { ValueInfo.Create("y", Core.Tensors.ElementType.Float32, "N", classes) },
            Initializer =
            {
                TensorData.Create("w", Weights(columns * Hidden, 1 / Math.Sqrt(columns)), columns, Hidden), TensorData.Create("b", Weights(Hidden, 0.5), Hidden),
                TensorData.Create("v", Weights(Hidden * classes, 4 / Math.Sqrt(Hidden)), Hidden, classes),
                TensorData.Create("c", [.. Enumerable.Range(0, classes).Select(c => c == 0 ? bias : -bias)], classes),
            },
            Node =
            {
                new NodeProto { OpType = "Gemm", Input = { "x", "w", "b" }, Output = { "h" } }, new NodeProto { OpType = "Relu", Input = { "h" }, Output = { "r" } },
                new NodeProto { OpType = "Gemm", Input = { "r", "v", "c" }, Output = { "y" } },
            },
        };
        var standard = OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
        var teacher = InputPreprocessing.PutInside(standard, new() { Mean = mean, Std = std }, [columns]);
        return new(name, teacher, [columns], Rows(6_000), Rows(2_000));

        float[] Weights(int count, double size) => [.. Enumerable.Range(0, count).Select(_ => (float)(size * Normal(random)))];
        float[] Rows(int count) => [.. Enumerable.Range(0, count * columns).Select(i => (float)(mean[i % columns] + std[i % columns] * Normal(random)))];
    }

    private static FirstTryCase Digits(string name, string model)
    {
        var teacher = InputPreprocessing.PutInside(OnnxModel.Load(model), new() { Scale = 1 / 255.0 }, [28, 28]);
        var folder = DataFolder.Of("mnist");
        return new($"digits of {name}", teacher, [28, 28], Read("train-images-idx3-ubyte", 10_000), Read("t10k-images-idx3-ubyte", 2_000));

        float[] Read(string file, int count)
        {
            using var set = TransferSet.Open(new() { Samples = Path.Combine(folder, file) });
            var values = new float[count * set.SampleElements];
            set.Read([.. Enumerable.Range(0, count).Select(row => (long)row)], values);
            return values;
        }
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private void WriteNpy(string path, float[] values)
    {
        int[] shape = [values.Length / Shape.Aggregate(1, (product, size) => product * size), .. Shape];
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({string.Concat(shape.Select(size => $"{size}, "))}), }}".PadRight(117) + "\n";
        using var file = File.Create(path);
        file.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)]);
        file.Write(MemoryMarshal.AsBytes<float>(values));
    }
}
