using System.Runtime.InteropServices;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Loop;

/// <summary>Five frames of four numbers a sample; the class of a frame is the largest of its first three.</summary>
internal sealed class FramesToy : IDisposable
{
    public const int Samples = 60;
    public const int Frames = 5;
    public const int Features = 4;
    public const int Classes = 3;

    private readonly TemporaryFolder folder = new();
    private readonly List<IDisposable> opened = [];

    public FramesToy()
    {
        var values = Numbers.Uniform(1, Samples * Frames * Features);
        Logits = [.. values.Chunk(Features).SelectMany(frame => frame.Take(Classes).Select(value => 8 * value))];
        Transfer = Sets.Create(folder, "transfer", values, [Frames, Features]);
        opened.Add(Transfer);
    }

    public TransferSet Transfer { get; }

    public float[] Logits { get; }

    public static TrainingOptions Options => new()
    {
        Epochs = 12, BatchSize = 16, Device = "cpu", Optimizer = new AdamOptions { LearningRate = 0.05 },
    };

    public static IReadOnlyList<Term> Soft(double temperature = 2) => [new SoftTerm { Temperature = temperature }];

    /// <summary>One matrix for every frame: [N, frames, features] to [N, frames, classes].</summary>
    public static OnnxModel Student(int frames = Frames, int classes = Classes)
    {
        var model = new NodeModel(17, "N", frames, Features).Floats("w", new float[Features * classes], Features, classes);
        return model.Node("MatMul", "x w", "y").Build();
    }

    public LogitCache Cache(StreamStorage? storage = null, int[]? shape = null, float[]? logits = null) =>
        CacheOf((Sets.Logits("logits", shape ?? [Frames, Classes], storage), logits ?? Logits));

    public LogitCache CacheOf(params (CacheStream, float[])[] streams)
    {
        var cache = Sets.Cache(folder, Transfer, streams);
        opened.Add(cache);
        return cache;
    }

    public TrainingData Data(LogitCache? cache = null) => new(Transfer, Preprocessing.None, cache ?? Cache(), null);

    /// <summary>The class of each frame.</summary>
    public int[] TopClasses() => [.. Logits.Chunk(Classes).Select(frame => Enumerable.Range(0, Classes).MaxBy(c => frame[c]))];

    /// <summary>The same samples with what belongs to them.</summary>
    public TransferSet With(int[]? labels = null, int[]? lengths = null)
    {
        var set = Sets.Create(
            folder, $"{opened.Count}", Numbers.Uniform(1, Samples * Frames * Features), [Frames, Features], labels, lengths);
        opened.Add(set);
        return set;
    }

    public string Folder(string name) => folder[name];

    public TrainedStudent Train(
        TrainingData data, IReadOnlyList<Term>? objective = null, TrainingOptions? options = null, string name = "run",
        OnnxModel? student = null) => OneStudent.Train(
            student ?? Student(), StudentImport.Default, data, objective ?? Soft(), options ?? Options, Folder(name));

    /// <summary>The weights that a training gave.</summary>
    public static float[] Weights(TrainedStudent result) => MemoryMarshal.Cast<byte, float>(
        result.Model.Proto.Graph.Initializer.Single(tensor => tensor.Name == "w").RawBytes()).ToArray();

    public void Dispose()
    {
        opened.ForEach(item => item.Dispose());
        folder.Dispose();
    }
}
