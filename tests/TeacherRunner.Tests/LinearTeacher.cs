using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests;

/// <summary>A teacher whose logits are known without ONNX Runtime: x·W + b, with weights from a seed.</summary>
internal sealed class LinearTeacher
{
    public LinearTeacher(int features, int classes, int seed)
    {
        (Features, Classes) = (features, classes);
        var random = new Random(seed);
        Weights = Draw(features * classes);
        Bias = Draw(classes);

        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    public int Features { get; }

    public int Classes { get; }

    private float[] Weights { get; }

    private float[] Bias { get; }

    /// <summary>A graph with input x [N, features] and the tensor "logits"; the caller adds what follows, and the output.</summary>
    public GraphBuilder Graph(int opset = 17, object? batch = null) => Body(
        new GraphBuilder(opset).Input("x", DataType.Float, batch ?? "N", Features), "x");

    /// <summary>Adds x·W + b to a graph.</summary>
    public GraphBuilder Body(GraphBuilder graph, string input) => graph
        .Floats("W", Weights, Features, Classes).Floats("b", Bias, Classes)
        .Node("MatMul", $"{input} W", "product").Node("Add", "product b", "logits");

    /// <summary>The logits of samples, in double precision; of samples, weights and biases that were rounded first, where asked for.</summary>
    public double[] Logits(ReadOnlySpan<float> samples, Func<float, float>? rounding = null)
    {
        var round = rounding ?? (value => value);
        var rows = samples.Length / Features;
        var logits = new double[rows * Classes];
        for (var row = 0; row < rows; row++)
            for (var c = 0; c < Classes; c++)
            {
                double sum = round(Bias[c]);
                for (var f = 0; f < Features; f++)
                    sum += (double)round(samples[row * Features + f]) * round(Weights[f * Classes + c]);
                logits[row * Classes + c] = sum;
            }

        return logits;
    }

    /// <summary>Samples in [0, 1) from a seed.</summary>
    public float[] Samples(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count * Features).Select(_ => random.NextSingle())];
    }
}
