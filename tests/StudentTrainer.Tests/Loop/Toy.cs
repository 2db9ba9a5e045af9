using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Loop;

/// <summary>A small problem: 4×4 images, three classes by the brightest of three corners, a teacher that knows it.</summary>
internal sealed class Toy : IDisposable
{
    public const int Samples = 150;
    public const int Classes = 3;

    private static readonly int[] Corners = [0, 3, 12];

    private readonly TemporaryFolder folder = new();

    public Toy(int seed = 1, bool labelled = true)
    {
        var pixels = Numbers.Uniform(seed, Samples * 16, 0);
        Labels = [.. pixels.Chunk(16).Select(image => Enumerable.Range(0, Classes).MaxBy(k => image[Corners[k]]))];
        Logits = [.. pixels.Chunk(16).SelectMany(image => Corners.Select(corner => 6 * image[corner]))];
        Transfer = Sets.Create(folder, "transfer", pixels, [4, 4], labelled ? Labels : null);
        Validation = Sets.Create(
            folder, "validation", Numbers.Uniform(seed + 1, 20 * 16, 0), [4, 4], [.. Enumerable.Range(0, 20).Select(i => i % 3)]);
        Cache = Sets.Cache(folder, Transfer, Logits, Classes);
    }

    public int[] Labels { get; }

    public float[] Logits { get; }

    public TransferSet Transfer { get; }

    public TransferSet Validation { get; }

    public LogitCache Cache { get; }

    public TrainingData Data => new(Transfer, Preprocessing.None, Cache, null);

    public static IReadOnlyList<Term> Soft => [new SoftTerm { Temperature = 2 }];

    public static IReadOnlyList<Term> Hard => [new HardTerm()];

    public static TrainingOptions Options => new()
    {
        Epochs = 3, BatchSize = 32, Optimizer = new SgdOptions { LearningRate = 0.1 }, Device = "cpu", Threads = 1,
    };

    /// <summary>An optimizer by its name in recipes.</summary>
    public static OptimizerOptions Optimizer(string name, double learningRate) =>
        SettingSchema.Of(OptimizerOptions.Kinds.Find(name)!).Default<OptimizerOptions>() with { LearningRate = learningRate };

    public static OnnxModel Mlp(params double[] dropout) =>
        Build("mlp", new() { ["widths"] = new[] { 16 }, ["dropout"] = dropout.Length == 0 ? null : dropout });

    /// <summary>One weight matrix, all zeros.</summary>
    public static OnnxModel Linear() => new NodeModel(17, "N", 4, 4).Floats("w", new float[16 * Classes], 16, Classes)
        .Node("Flatten", "x", "f").Node("MatMul", "f w", "y").Build();

    public static OnnxModel Cnn() =>
        Build("cnn", new() { ["widths"] = new[] { 4, 4 }, ["hidden"] = 8, ["dropout"] = new[] { 0.1, 0.2 } });

    public string Folder(string name) => folder[name];

    public TransferSet Set(string name, float[] samples, int[] shape, int[]? labels = null) =>
        Sets.Create(folder, name, samples, shape, labels);

    public LogitCache CacheOf(
        TransferSet set, float[] logits, int classes, int views = 1, Augmentation? augmentation = null, ulong seed = 0) =>
        Sets.Cache(folder, set, logits, classes, views, augmentation, seed);

    public LogitCache CacheOf(params (CacheStream, float[])[] streams) => Sets.Cache(folder, Transfer, streams);

    public TrainedStudent Train(
        OnnxModel student, TrainingData data, IReadOnlyList<Term> objective, TrainingOptions options, string name = "run",
        IProgress<Core.Progress.StageProgress>? progress = null, CancellationToken token = default) =>
        OneStudent.Train(student, StudentImport.Default, data, objective, options, Folder(name), progress, token);

    private static OnnxModel Build(string architecture, Dictionary<string, object?> values) =>
        Architectures.Build(new() { Architecture = architecture, Values = values }, [4, 4], Classes, 1);

    public void Dispose()
    {
        Cache.Dispose();
        Transfer.Dispose();
        Validation.Dispose();
        folder.Dispose();
    }
}
