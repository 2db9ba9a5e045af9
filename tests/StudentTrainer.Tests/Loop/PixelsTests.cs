using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Loop;

/// <summary>Fully convolutional students: a class for each pixel of 2×3 pictures of four channels.</summary>
public sealed class PixelsTests : IDisposable
{
    private const int Samples = 40;
    private const int Channels = 4;
    private const int Classes = 3;

    private readonly TemporaryFolder folder = new();
    private readonly TransferSet set;
    private readonly LogitCache cache;

    public PixelsTests()
    {
        var values = Numbers.Uniform(1, Samples * Channels * 6);
        set = Sets.Create(folder, "set", values, [Channels, 2, 3]);
        var logits = from sample in values.Chunk(Channels * 6) from pixel in Enumerable.Range(0, 6) from c in Enumerable.Range(0, Classes)
                     select 8 * sample[c * 6 + pixel];
        cache = Sets.Cache(folder, set, [(Sets.Logits("logits", [2, 3, Classes]), [.. logits])]);
    }

    public void Dispose()
    {
        cache.Dispose();
        set.Dispose();
        folder.Dispose();
    }

    /// <summary>The classes are found where a convolution puts them, wherever they are moved from there, behind a softmax over them, or where they are said to be.</summary>
    [Fact]
    public void Train_OfMaps_LearnsTheSameWhereverTheClassesAre()
    {
        var expected = Train("last", Student().Node("Transpose", "map", "y", ("perm", new[] { 0, 2, 3, 1 })), classAxis: 3);

        Near.Equal(expected.Weights, Train("first", Student().Node("Identity", "map", "y")).Weights, 1e-6);
        Near.Equal(expected.Weights, Train("softmax", Student().Node("Softmax", "map", "y", ("axis", 1))).Weights, 1e-6);
        Near.Equal(expected.Weights, Train("moved", Student().Node("Transpose", "map", "y", ("perm", new[] { 0, 2, 3, 1 }))).Weights, 1e-6);
        Near.Equal(
            expected.Weights,
            Train("middle", Student().Node("Transpose", "map", "y", ("perm", new[] { 0, 2, 1, 3 })), classAxis: -2).Weights, 1e-6);
        Assert.InRange(expected.Agreement, 0.98, 1);
    }

    [Fact]
    public void Train_OfMapsWithAnotherAxis_SaysWhatToName()
    {
        var student = Student().Node("Transpose", "map", "y", ("perm", new[] { 0, 2, 3, 1 }));

        var error = Assert.Throws<InputException>(() => Train("refused", student, classAxis: 1));

        Assert.Contains("student [3, 3, 2], teacher [2, 3, 3]", error.Message);
        Assert.Contains("class-axis", error.Message);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(0)]
    [InlineData(-4)]
    public void Train_OfAxisThatIsNotThere_NamesTheRange(int axis) => Assert.Contains(
        "1 to 3", Assert.Throws<InputException>(() => Train("refused", Student().Node("Identity", "map", "y"), axis)).Message);

    [Fact]
    public void RunAll_OfMaps_GivesTheClassesOfEachPixelTogether()
    {
        var weights = Numbers.Uniform(2, Classes * Channels);
        var logits = new List<float>();
        StudentInference.RunAll(
            Student(weights).Node("Identity", "map", "y").Build(), StudentImport.Default,
            new(set, Preprocessing.None, Augmentation.None, 0), 7, "cpu", (_, values) => logits.AddRange(values[0].Span), default);

        var sample = new float[Channels * 6];
        set.Read([11], sample);
        var expected = from pixel in Enumerable.Range(0, 6) from c in Enumerable.Range(0, Classes)
                       select Enumerable.Range(0, Channels).Sum(k => weights[c * Channels + k] * sample[k * 6 + pixel]);
        Near.Equal([.. expected], CollectionsMarshal.AsSpan(logits).Slice(11 * 6 * Classes, 6 * Classes).ToArray(), 1e-5);
    }

    /// <summary>A pixel's class is its largest channel, wherever views move it.</summary>
    [Fact]
    public void Train_OfLabelsPerPixelInMovedViews_FollowsThem()
    {
        var values = Numbers.Uniform(1, Samples * Channels * 6);
        var labels = from sample in values.Chunk(Channels * 6) from pixel in Enumerable.Range(0, 6)
                     select Enumerable.Range(0, Classes).MaxBy(c => sample[c * 6 + pixel]);
        using var labelled = Sets.Create(folder, "labelled", values, [Channels, 2, 3], [.. labels], labelShape: [2, 3]);
        var options = FramesToy.Options with { Augmentation = new(new FlipStep(0.5, 0.5), new ShiftStep(1), new CutMixStep(1)) };
        var result = OneStudent.Train(
            Student().Node("Identity", "map", "y").Build(), StudentImport.Default, new(labelled, Preprocessing.None, null, labelled),
            [new HardTerm()], options, folder["moved"], null, default);

        Assert.InRange(result.Epochs[^1].Errors!.Value, 0, Samples * 6 / 20);
    }

    private static NodeModel Student(float[]? weights = null) => new NodeModel(17, "N", Channels, 2, 3)
        .Floats("w", weights ?? new float[Classes * Channels], Classes, Channels, 1, 1).Node("Conv", "x w", "map");

    private (float[] Weights, double Agreement) Train(string name, NodeModel student, int? classAxis = null)
    {
        var data = new TrainingData(set, Preprocessing.None, cache, set, cache);
        var result = OneStudent.Train(
            student.Build(), new() { ClassAxis = classAxis }, data, FramesToy.Soft(), FramesToy.Options, folder[name], null, default);
        return (FramesToy.Weights(result), result.Epochs[^1].Agreement!.Value);
    }
}
