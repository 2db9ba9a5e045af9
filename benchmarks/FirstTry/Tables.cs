using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Export;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>
/// Tables that are made up: normal features of deviations from 0.5 to 10,000, or amounts over orders of magnitude, and a network of one hidden layer that labels them by the
/// normal numbers that they were made of.
/// </summary>
internal static class Tables
{
    private const int Hidden = 24;
    private const double Sigma = 1.5; // of the logarithms of amounts

    /// <summary>Makes one.</summary>
    /// <param name="name">The case.</param>
    /// <param name="columns">Features.</param>
    /// <param name="classes">Classes.</param>
    /// <param name="bias">Of the first class; the others get its negative.</param>
    /// <param name="seed">Decides all numbers.</param>
    /// <param name="areAmounts">Whether features are log-normal, with medians from 1,000 to 1,000,000, of which the network takes logarithms.</param>
    public static FirstTryCase Make(string name, int columns, int classes, float bias, int seed, bool areAmounts = false)
    {
        var random = new Random(seed);
        double[] std = [.. Enumerable.Range(0, columns).Select(_ => areAmounts ? Math.Pow(10, 3 + 3 * random.NextDouble()) : 0.5 * Math.Pow(20_000, random.NextDouble()))];
        double[] mean = [.. std.Select(deviation => areAmounts ? 0 : 5 * deviation * Normal(random))];
        var graph = new GraphProto
        {
            Name = "table",
            Input = { ValueInfo.Create("x", Core.Tensors.ElementType.Float32, "N", columns) },
            Output = { ValueInfo.Create("probabilities", Core.Tensors.ElementType.Float32, "N", classes) },
            Initializer =
            {
                TensorData.Create("w", Weights(columns * Hidden, 1 / Math.Sqrt(columns)), columns, Hidden), TensorData.Create("b", Weights(Hidden, 0.5), Hidden),
                TensorData.Create("v", Weights(Hidden * classes, 4 / Math.Sqrt(Hidden)), Hidden, classes),
                TensorData.Create("c", [.. Enumerable.Range(0, classes).Select(c => c == 0 ? bias : -bias)], classes),
            },
            Node =
            {
                new NodeProto { OpType = "Gemm", Input = { "x", "w", "b" }, Output = { "h" } }, new NodeProto { OpType = "Relu", Input = { "h" }, Output = { "r" } },
                new NodeProto { OpType = "Gemm", Input = { "r", "v", "c" }, Output = { "y" } }, new NodeProto { OpType = "Softmax", Input = { "y" }, Output = { "probabilities" } },
            },
        };
        if (areAmounts)
        {
            graph.Initializer.Add(TensorData.Create("unit", [(float)(1 / Sigma)]));
            graph.Node.Insert(0, new NodeProto { OpType = "Log", Input = { "x" }, Output = { "log" } });
            graph.Node.Insert(1, new NodeProto { OpType = "Mul", Input = { "log", "unit" }, Output = { "normal" } });
            graph.Node[2].Input[0] = "normal";
        }

        var standard = OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
        return new(name, InputPreprocessing.PutInside(standard, new() { Mean = mean, Std = std }, [columns]), [columns], Rows(6_000), Rows(2_000));

        float[] Weights(int count, double size) => [.. Enumerable.Range(0, count).Select(_ => (float)(size * Normal(random)))];
        float[] Rows(int count) => [.. Enumerable.Range(0, count * columns).Select(i => (float)(mean[i % columns] + std[i % columns] * (areAmounts ? Math.Exp(Sigma * Normal(random)) : Normal(random))))];
    }

    /// <summary>A normal number (Box and Muller 1958).</summary>
    public static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
