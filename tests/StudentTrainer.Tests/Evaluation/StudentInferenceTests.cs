using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Evaluation;

public class StudentInferenceTests
{
    [Fact]
    public void RunAll_OfSetWithPartialBatch_EqualsOnnxRuntime()
    {
        using var folder = new TemporaryFolder();
        var pixels = Numbers.Uniform(1, 10 * 64, 0, 255);
        using var set = Sets.Create(folder, "set", pixels, [8, 8]);
        var reader = new SampleReader(set, new() { Scale = 1 / 255.0 }, Augmentation.None, 0);
        var student = Architectures.Build(
            new() { Architecture = "cnn", Values = { ["widths"] = new[] { 4, 4 }, ["dropout"] = new[] { 0.5, 0.5 } } }, [8, 8], 3, 1);
        var (firstRows, logits) = (new List<long>(), new List<float>());
        StudentInference.RunAll(student, StudentImport.Default, reader, 4, "cpu", (row, values) =>
        {
            firstRows.Add(row);
            logits.AddRange(values[0].Span);
        }, default);
        Assert.Equal([0L, 4, 8], firstRows);
        var expected = Oracle.OnnxRuntime(student, [.. pixels.Select(pixel => pixel / 255)], 10, 8, 8).Values;
        Near.Equal(expected, logits.ToArray(), 1e-5);
    }

    /// <summary>Both outputs come from the same runs: the layer between them is run once for each batch.</summary>
    [Fact]
    public void RunAll_OfTwoOutputs_HandsOutBothOfEachBatch()
    {
        using var folder = new TemporaryFolder();
        var pixels = Numbers.Uniform(1, 5 * 4);
        using var set = Sets.Create(folder, "set", pixels, [4]);
        var student = new NodeModel(17, "N", 4).Floats("w", Numbers.Uniform(2, 12), 4, 3).Floats("v", Numbers.Uniform(3, 8), 4, 2)
            .Node("MatMul", "x w", "y").Node("MatMul", "x v", "z").Build("y", "N", 3);
        student.Proto.Graph.Output.Add(ValueInfo.Create("z", ElementType.Float32, "N", 2));
        var import = new StudentImport { Output = "y", Outputs = [new("z", "second")] };
        var (first, second) = (new List<float>(), new List<float>());

        StudentInference.RunAll(student, import, new SampleReader(set, Preprocessing.None, Augmentation.None, 0), 2, "cpu", (_, values) =>
        {
            Assert.Equal(2, values.Count);
            first.AddRange(values[0].Span);
            second.AddRange(values[1].Span);
        }, default);

        Near.Equal(Product(pixels, Numbers.Uniform(2, 12), 3), first.ToArray(), 1e-5);
        Near.Equal(Product(pixels, Numbers.Uniform(3, 8), 2), second.ToArray(), 1e-5);

        static float[] Product(float[] x, float[] w, int columns) =>
            [.. x.Chunk(4).SelectMany(row => Enumerable.Range(0, columns).Select(c => row.Select((value, i) => value * w[i * columns + c]).Sum()))];
    }

    /// <summary>Samples with as many values as the declared shape are reshaped to it.</summary>
    [Fact]
    public void RunAll_OfFlatSamples_FitsThemToDeclaredShape()
    {
        using var folder = new TemporaryFolder();
        var pixels = Numbers.Uniform(1, 2 * 16);
        using var set = Sets.Create(folder, "set", pixels, [16]);
        var student = new NodeModel(17, "N", 1, 4, 4).Node("Flatten", "x", "y").Build();
        var logits = new List<float>();
        var reader = new SampleReader(set, Preprocessing.None, Augmentation.None, 0);
        StudentInference.RunAll(student, StudentImport.Default, reader, 2, "cpu", (_, values) => logits.AddRange(values[0].Span), default);
        Assert.Equal(pixels, logits);
    }
}
