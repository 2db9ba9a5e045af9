using OnnxKd.Core.Onnx;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Safetensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.Benchmarks.Training;

/// <summary>A network with its initial weights, and random data to train it on: the same for both sides.</summary>
internal sealed class TrainingCase
{
    private const ulong Seed = 1;

    /// <summary>Builds the student, draws the data and writes the file for the peer.</summary>
    /// <param name="architecture">A built-in student.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <param name="rows">Samples.</param>
    /// <param name="folder">Where the file goes.</param>
    /// <param name="classes">Classes.</param>
    public TrainingCase(string architecture, int[] sampleShape, int rows, string folder, int classes = 10)
    {
        (Classes, SampleShape) = (classes, [.. sampleShape]);
        Model = Architectures.Build(new() { Architecture = architecture }, sampleShape, classes, Seed);
        var random = new CounterRandom(Seed, RandomPurpose.Augmentation);
        Samples = Normal(ref random, rows * sampleShape.Aggregate(1, (product, size) => product * size), 1);
        TeacherLogits = Normal(ref random, rows * Classes, 3);
        UnitsFirst = [.. Weights()];
        Labels = new long[rows];
        for (var i = 0; i < rows; i++)
            Labels[i] = (long)(random.NextSingle() * Classes);
        File = Path.Combine(folder, "case.safetensors");
        SafetensorsWriter.Write(File,
        [
            SafetensorsTensor.From("samples", Samples, [rows, .. sampleShape]),
            SafetensorsTensor.From("teacher", TeacherLogits, rows, Classes),
            SafetensorsTensor.From("labels", Labels, rows),
            .. UnitsFirst.Select((weight, i) => SafetensorsTensor.From($"weights/{i:D3}", weight.Values, weight.Shape)),
        ]);
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>The shape of one sample.</summary>
    public long[] SampleShape { get; }

    /// <summary>What is trained, in the order of the graph; matrices with the units on the first axis, as PyTorch has them.</summary>
    public IReadOnlyList<(float[] Values, long[] Shape)> UnitsFirst { get; }

    /// <summary>The student.</summary>
    public OnnxModel Model { get; }

    /// <summary>Weights and data.</summary>
    public string File { get; }

    /// <summary>Samples one after the other.</summary>
    public float[] Samples { get; }

    /// <summary>Rows of teacher's logits.</summary>
    public float[] TeacherLogits { get; }

    /// <summary>The class of each sample.</summary>
    public long[] Labels { get; }

    private IEnumerable<(float[] Values, long[] Shape)> Weights()
    {
        var graph = StudentGraph.Import(Model);
        foreach (var weight in graph.Compile(graph.FindLogits()).Plan.Where(weight => weight.Role != WeightRole.Constant))
        {
            var values = weight.Source.ToFloats();
            long[] shape = [.. weight.Source.Dims];
            yield return weight is { UnitAxis: 1 } ? (Transposed(values, (int)shape[1]), [shape[1], shape[0]]) : (values, shape);
        }
    }

    private static float[] Transposed(float[] values, int columns)
    {
        var rows = values.Length / columns;
        var result = new float[values.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = values[i % rows * columns + i / rows];
        return result;
    }

    private static float[] Normal(ref CounterRandom random, int count, double deviation)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)(deviation * random.NextGaussian());
        return values;
    }
}
