using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Logs;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Loop;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Logs;

public sealed class TensorBoardLogTests : IDisposable
{
    private static readonly TensorBoardOptions Scalars = new(Histograms: false, []);

    private readonly Toy toy = new();
    private readonly List<string> warnings = [];

    [Fact]
    public void Train_EveryScalar_EqualsEventsJsonl()
    {
        var before = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        Train("run", Scalars);

        var values = Read("run");
        Assert.Equal(Expected("run"), values.Select(value => (value.Step, value.Tag, value.Scalar!.Value)).Order());
        Assert.All(values, value => Assert.InRange(value.WallTime, before, before + 600));
        Assert.Empty(warnings);
    }

    [Fact]
    public void Train_StoppedAndGoneOn_HoldsEachScalarOnceAndTheOldHistograms()
    {
        using var stop = new CancellationTokenSource();
        var logs = new TrainingLogs { TensorBoard = new(Histograms: true, []), Epoch = line => Stop(line.Epoch) };
        Assert.ThrowsAny<OperationCanceledException>(() => Train("run", logs, epochs: 6, stop.Token));
        var early = Read("run");
        // What a killed training wrote after its last checkpoint, and what was torn.
        EventFile.Open(Path.Combine(toy.Folder("run"), "tensorboard"), 99, out _).Append(5, [new() { Tag = "loss", SimpleValue = 9 }]);
        File.AppendAllBytes(FileOf("run"), [1, 2, 3]);
        Train("run", new TrainingLogs { TensorBoard = new(Histograms: true, []) }, epochs: 6);

        var values = Read("run");
        Assert.Equal(Expected("run"), values.Where(value => value.Scalar is not null).Select(value => (value.Step, value.Tag, value.Scalar!.Value)).Order());
        Assert.Equal(Enumerable.Range(1, 6).Select(step => (long)step), values.Where(value => value.Bucket is not null).Select(value => value.Step).Distinct());
        Assert.Equal(early.Select(value => (value.Step, value.Tag, value.WallTime)), values.Take(early.Count).Select(value => (value.Step, value.Tag, value.WallTime)));

        void Stop(int epoch)
        {
            if (epoch == 3)
                stop.Cancel();
        }
    }

    [Fact]
    public void Train_FilesThatAreMissingWhenItGoesOn_AreMadeFromItsHistory()
    {
        Train("run", new TrainingLogs(), epochs: 3);
        Train("run", new TrainingLogs { TensorBoard = Scalars }, epochs: 3);

        Assert.Equal(Expected("run"), Read("run").Select(value => (value.Step, value.Tag, value.Scalar!.Value)).Order());
    }

    [Fact]
    public void Train_Histograms_CountEveryWeight()
    {
        Train("run", new TensorBoardOptions(Histograms: true, []));

        var last = Read("run").Where(value => value.Step == 3 && value.Bucket is not null).ToDictionary(value => value.Tag, value => value.Bucket!.Sum());
        Assert.Equal(Toy.Linear().Proto.Graph.Initializer.Count, last.Count);
        Assert.Equal(48, last.Values.Single()); // 16 × 3
    }

    [Fact]
    public void Train_Pictures_StandAtStep0()
    {
        byte[] png = [.. new byte[16], 0, 0, 0, 5, 0, 0, 0, 4];
        Train("run", new TensorBoardOptions(Histograms: false, [png, png]));

        var pictures = Read("run").Where(value => value.Picture is not null).ToArray();
        Assert.Equal([(0L, "samples/0"), (0, "samples/1")], pictures.Select(value => (value.Step, value.Tag)));
        Assert.Equal(png, pictures[0].Picture);
    }

    [Fact]
    public void Train_FolderThatCannotBeWritten_WarnsOnceAndTrains()
    {
        Directory.CreateDirectory(toy.Folder("run"));
        File.WriteAllText(Path.Combine(toy.Folder("run"), "tensorboard"), "a file in the way");

        Train("run", Scalars);

        Assert.StartsWith("no event files for TensorBoard", Assert.Single(warnings));
        Assert.Equal(3, Events("run").Count);
    }

    [Fact]
    public void Train_WithAndWithoutLogs_GivesTheSameStudent()
    {
        var (with, without) = (Train("with", new TensorBoardOptions(true, [])), Train("without", new TrainingLogs(), epochs: 3));

        Assert.Equal(without.Digest, with.Digest);
    }

    public void Dispose() => toy.Dispose();

    private Core.Onnx.OnnxModel Train(string name, TensorBoardOptions options) => Train(name, new TrainingLogs { TensorBoard = options }, epochs: 3);

    private Core.Onnx.OnnxModel Train(string name, TrainingLogs logs, int epochs, CancellationToken token = default) => Trainer.Train(
        [new(LearnerOptions.Only, Toy.Linear(), StudentImport.Default, [new SoftTerm { Temperature = 2 }, new HardTerm()])],
        toy.Data with { Validation = toy.Validation }, Toy.Options with { Epochs = epochs }, toy.Folder(name), null, token, logs with { Warn = warnings.Add }).Students[0].Model;

    private string FileOf(string name) => Directory.GetFiles(Path.Combine(toy.Folder(name), "tensorboard"), "*tfevents*").Single();

    private IReadOnlyList<ReadValue> Read(string name) => EventFileReader.Read(FileOf(name));

    private IReadOnlyList<EpochEvent> Events(string name) => EpochEvent.Read(Path.Combine(toy.Folder(name), "events.jsonl"));

    /// <summary>What events.jsonl says, in 32 bits.</summary>
    private IEnumerable<(long Step, string Tag, float Value)> Expected(string name) => Events(name).SelectMany(line => new (long, string, float)[]
    {
        (line.Epoch, "loss", (float)line.Loss), (line.Epoch, "learning-rate", (float)line.LearningRate),
        (line.Epoch, "terms/soft", (float)line.Terms["soft"]), (line.Epoch, "terms/hard", (float)line.Terms["hard"]),
        (line.Epoch, "validation/errors", line.Errors!.Value), (line.Epoch, "validation/nll", (float)line.Nll!.Value),
    }).Order();
}
