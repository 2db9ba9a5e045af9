using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Loop;

public sealed class CollapseTests : IDisposable
{
    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    [Fact]
    public void Train_AtARateOf100_IsStopped()
    {
        var error = Assert.Throws<CheckFailedException>(() => Train(toy.Data, Toy.Mlp(), 100));

        Assert.Contains("learning rate", error.Message);
        Assert.True(error.Message.StartsWith("The student has collapsed", StringComparison.Ordinal)
            || error.Message.StartsWith("Training diverged", StringComparison.Ordinal), error.Message);
    }

    [Fact]
    public void Train_OfADeadHead_NamesTheUnits()
    {
        // All units before the head are 0 for any sample, and none of them gets a gradient.
        var student = new NodeModel(17, "N", 4, 4)
            .Floats("w", new float[16 * 8], 16, 8).Floats("b", [.. Enumerable.Repeat(-1f, 8)], 8).Floats("v", new float[8 * Toy.Classes], 8, Toy.Classes)
            .Node("Flatten", "x", "f").Node("Gemm", "f w b", "h").Node("Relu", "h", "r").Node("MatMul", "r v", "y").Build();

        var error = Assert.Throws<CheckFailedException>(() => Train(toy.Data, student, 0.1));

        Assert.Contains("all 8 units before the last layer are 0", error.Message);
    }

    /// <summary>The second output's weights are 0 and so is what they read: nothing of it learns, whatever the first does.</summary>
    [Fact]
    public void Train_OfADeadSecondOutput_NamesTheOutput()
    {
        var student = new NodeModel(17, "N", 4, 4)
            .Floats("w", Numbers.Uniform(3, 16 * Toy.Classes), 16, Toy.Classes)
            .Floats("u", new float[16 * 8], 16, 8).Floats("b", [.. Enumerable.Repeat(-1f, 8)], 8).Floats("v", new float[8 * Toy.Classes], 8, Toy.Classes)
            .Node("Flatten", "x", "f").Node("MatMul", "f w", "y").Node("Gemm", "f u b", "h").Node("Relu", "h", "r").Node("MatMul", "r v", "z").Build("y", "N", Toy.Classes);
        student.Proto.Graph.Output.Add(ValueInfo.Create("z", ElementType.Float32, "N", Toy.Classes));
        using var cache = toy.CacheOf((Sets.Logits("logits", [Toy.Classes]), toy.Logits), (Sets.Logits("second", [Toy.Classes]), toy.Logits));

        var error = Assert.Throws<CheckFailedException>(() => OneStudent.Train(
            student, new StudentImport { Output = "y", Outputs = [new("z", "second")] }, toy.Data with { Cache = cache },
            [new SoftTerm { Teacher = "logits" }, new SoftTerm { Teacher = "second" }], Toy.Options with { Epochs = 4 }, toy.Folder("two"), null, default));

        Assert.Contains("its output 'second' gives the same for every sample", error.Message);
    }

    [Fact]
    public void Train_FromAConstantTeacher_IsRefused()
    {
        using var cache = toy.CacheOf(toy.Transfer, [.. Enumerable.Range(0, Toy.Samples).SelectMany(_ => new[] { 1f, 2, 3 })], Toy.Classes);

        var error = Assert.Throws<CheckFailedException>(() => Train(toy.Data with { Cache = cache }, Toy.Mlp(), 0.1));

        Assert.Contains("the teacher says the same for all samples", error.Message);
    }

    /// <summary>As class scores these say nothing: the first column is always the largest, and softmax of so small differences is even.</summary>
    [Theory]
    [InlineData(StreamKind.Value)]
    [InlineData(StreamKind.LabelLogit)]
    [InlineData(StreamKind.Embedding)]
    public void Train_FromSmallNumbersThatDependOnTheSample_IsNotRefused(StreamKind kind)
    {
        float[] numbers = [.. toy.Logits.Chunk(Toy.Classes).SelectMany(row => new[] { 1e-3f, 1e-5f * row[1], 1e-5f * row[2] })];

        TrainFrom(kind, numbers);
    }

    [Theory]
    [InlineData(StreamKind.Value)]
    [InlineData(StreamKind.LabelLogit)]
    [InlineData(StreamKind.Embedding)]
    public void Train_FromTheSameNumbersForAllSamples_IsRefused(StreamKind kind)
    {
        float[] numbers = [.. Enumerable.Range(0, Toy.Samples).SelectMany(_ => new[] { 5f, -3, 0 })];

        var error = Assert.Throws<CheckFailedException>(() => TrainFrom(kind, numbers));

        Assert.Contains("the teacher says the same for all samples", error.Message);
    }

    private void TrainFrom(StreamKind kind, float[] numbers)
    {
        using var cache = toy.CacheOf((new CacheStream("y", "y", Teacher: 0, kind, [Toy.Classes], new Float32()), numbers));
        Term term = kind switch { StreamKind.LabelLogit => new BinaryTerm(), StreamKind.Value => new SquaredErrorTerm { Standardise = false }, _ => new CosineTerm() };
        OneStudent.Train(
            Toy.Mlp(), new StudentImport { Kind = kind.Output() }, toy.Data with { Cache = cache }, [term], Toy.Options with { Epochs = 1 }, toy.Folder($"{kind}"), null, default);
    }

    [Fact]
    public void Train_FromLabelsOfOneClass_IsRefused()
    {
        using var set = toy.Set("one", [.. Enumerable.Repeat(0.5f, 20 * 16)], [4, 4], [.. Enumerable.Repeat(1, 20)]);

        var error = Assert.Throws<CheckFailedException>(() =>
            toy.Train(Toy.Mlp(), new(set, Core.Preparation.Preprocessing.None, null, null), Toy.Hard, Toy.Options, "labels"));

        Assert.Contains("all samples have one class", error.Message);
    }

    [Fact]
    public void Train_AtARateThatChangesNothing_IsStopped()
    {
        var error = Assert.Throws<CheckFailedException>(() => Train(toy.Data, Toy.Mlp(), 1e-30));

        Assert.Contains("has not moved", error.Message);
    }

    [Fact]
    public void Find_OfTheSameStudent_FindsTheSameRate_WhichTrains()
    {
        var options = Toy.Options with { Epochs = 20, Optimizer = new AdamWOptions() };

        var (first, second) = (Find(options), Find(options));
        var trained = toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, options, "found");

        Assert.Equal(first, second);
        Assert.Equal(first.LearningRate, trained.Epochs[0].LearningRate, 1e-12);
        Assert.True(trained.Epochs[^1].Loss < trained.Epochs[0].Loss / 4, $"{trained.Epochs[0].Loss} → {trained.Epochs[^1].Loss} at {first.LearningRate}");
    }

    private RangeFinding Find(TrainingOptions options) => RangeTest.Find(
        [new("student", Toy.Mlp(), StudentImport.Default, Toy.Soft)], toy.Data, options, null, CancellationToken.None);

    private void Train(TrainingData data, OnnxModel student, double learningRate) => toy.Train(
        student, data, Toy.Soft, Toy.Options with { Epochs = 4, Optimizer = new SgdOptions { LearningRate = learningRate } });
}
