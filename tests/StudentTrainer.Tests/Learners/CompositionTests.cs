using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Loop;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Learners;

/// <summary>Features, exits and several learners, on the toy problem.</summary>
public sealed class CompositionTests : IDisposable
{
    private const int Width = 5;

    private readonly Toy toy = new();
    private readonly List<IDisposable> opened = [];

    public void Dispose()
    {
        opened.ForEach(item => item.Dispose());
        toy.Dispose();
    }

    [Fact]
    public void Train_WithHintThroughProjection_LearnsItAndShipsTheStudentAlone()
    {
        var result = toy.Train(
            Toy.Mlp(), Features(), [new HintTerm { Student = "hidden1.relu" }, .. Toy.Soft],
            Toy.Options with { Epochs = 60 });

        Assert.InRange(result.Epochs[^1].Terms["hint"], 0, 0.1 * result.Epochs[0].Terms["hint"]);
        Assert.Equal(Toy.Mlp().Proto.Graph.Node, result.Model.Proto.Graph.Node);
        Assert.Equal(
            Toy.Mlp().Proto.Graph.Initializer.Select(tensor => tensor.Name), result.Model.Proto.Graph.Initializer.Select(tensor => tensor.Name));
        Oracle.RequireParity(result.Model, Numbers.Uniform(5, 7 * 16, 0), [7, 4, 4]);
    }

    [Fact]
    public void Train_OfHintsAlone_LeavesWhatLiesBehindThem()
    {
        var before = Toy.Mlp().Proto.Graph.Initializer.ToDictionary(tensor => tensor.Name);
        var result = toy.Train(Toy.Mlp(), Features(), [new HintTerm { Student = "hidden1.relu" }], Toy.Options);
        Assert.All(result.Model.Proto.Graph.Initializer, tensor =>
            Assert.Equal(tensor.Name.StartsWith("classifier", StringComparison.Ordinal), tensor.Equals(before[tensor.Name])));
    }

    [Fact]
    public void Train_WithQueueFromTheCache_ComesToTheSameBytesAfterAnInterruption()
    {
        Term[] objective = [new SimilarityTerm { Student = "hidden1.relu", TeacherTemperature = 0.1, Queue = 40 }, .. Toy.Soft];
        var data = Features();
        LearnerOptions[] learners = [new("student", Toy.Mlp(), StudentImport.Default, objective)];
        var whole = Trainer.Train(learners, data, Toy.Options with { Epochs = 30 }, toy.Folder("queue"), null, default);
        using (var source = new CancellationTokenSource())
            Assert.Throws<OperationCanceledException>(() => Trainer.Train(
                learners, data, Toy.Options with { Epochs = 30 }, toy.Folder("queue-stopped"), new StopAfter(2, source), source.Token));
        var resumed = Trainer.Train(learners, data, Toy.Options with { Epochs = 30 }, toy.Folder("queue-stopped"), null, default);

        Assert.Equal(whole.Students[0].Model.ToBytes(), resumed.Students[0].Model.ToBytes());
        var epochs = whole.Students[0].Epochs;
        Assert.InRange(epochs[^1].Terms["similarity"], 0, 0.7 * epochs[0].Terms["similarity"]);
        // A batch alone is another loss: fewer embeddings to tell apart.
        var alone = Trainer.Train(
            [learners[0] with { Objective = [((SimilarityTerm)objective[0]) with { Queue = 0 }, .. Toy.Soft] }], data, Toy.Options with { Epochs = 1 },
            toy.Folder("batch"), null, default);
        Assert.NotEqual(epochs[0].Terms["similarity"], alone.Students[0].Epochs[0].Terms["similarity"]);
    }

    [Fact]
    public void Train_WithQueueOfALearner_IsRefused() => Assert.Contains("Only a cache", Assert.Throws<InputException>(() => toy.Train(
        Toy.Mlp(), Features(), [new SimilarityTerm { Student = "hidden1.relu", Teacher = "student/hidden1.relu" }, .. Toy.Soft], Toy.Options)).Message);

    [Fact]
    public void Train_OfProjectionThatIsNotWanted_SaysBothShapes()
    {
        var error = Assert.Throws<InputException>(() => toy.Train(
            Toy.Mlp(), Features(), [new HintTerm { Student = "hidden1.relu", Projector = "none" }], Toy.Options));
        Assert.Contains("[16]", error.Message);
        Assert.Contains("[5]", error.Message);
    }

    [Fact]
    public void Train_WithExit_LearnsItAndShipsTheStudentAlone()
    {
        var student = new LearnerOptions(
            "student", Toy.Mlp(), StudentImport.Default,
            [.. Toy.Soft, new SoftTerm { Student = "early", Temperature = 2 }, new SoftTerm { Student = "early", Teacher = "student/logits" }])
        {
            Attachments = [new ExitAttachment { Name = "early", At = "hidden1.relu", Hidden = 8 }],
        };
        var result = Train("exit", [student], Toy.Options with { Epochs = 40 }).Students[0];
        Assert.Equal(["soft", "soft#2", "soft:student/logits"], result.Epochs[0].Terms.Keys);
        Assert.InRange(result.Epochs[^1].Terms["soft#2"], 0, 0.5 * result.Epochs[0].Terms["soft#2"]);
        Assert.Equal(Toy.Mlp().Proto.Graph.Node, result.Model.Proto.Graph.Node);
        Assert.Equal(Toy.Mlp().Proto.Graph.Initializer.Count, result.Model.Proto.Graph.Initializer.Count);
    }

    /// <summary>A teacher that knows classes 0 and 2 alone: the student's other class is moved by nothing that it says.</summary>
    [Fact]
    public void Train_FromATeacherOfSomeClasses_IsComparedOnThese()
    {
        var two = toy.Logits.Chunk(3).SelectMany(row => new[] { row[0], row[2] }).ToArray();
        var data = toy.Data with { Cache = toy.CacheOf((Sets.Logits("logits", [2]) with { Subset = new([0, 2], 3) }, two)) };
        opened.Add(data.Cache!);

        var trained = toy.Train(Toy.Linear(), data, Toy.Soft, Toy.Options with { Epochs = 40 });

        var weights = trained.Model.Proto.Graph.Initializer.Single(tensor => tensor.Name == "w").ToFloats();
        Assert.All(weights.Chunk(3), row => Assert.Equal(0, row[1]));
        // The corners that tell the two apart are pixels 0 and 12.
        Assert.InRange(weights[0], 1, 6);
        Assert.Equal(weights[0], -weights[2], 4);
        Assert.InRange(trained.Epochs[^1].Loss, 0, 0.2 * trained.Epochs[0].Loss);
    }

    [Fact]
    public void Train_TermWithLabelsFromATeacherOfSomeClasses_IsRefused()
    {
        var data = toy.Data with { Cache = toy.CacheOf((Sets.Logits("logits", [2]) with { Subset = new([0, 2], 3) }, new float[Toy.Samples * 2])) };
        opened.Add(data.Cache!);
        var message = Assert.Throws<InputException>(() => toy.Train(Toy.Linear(), data, [new DecoupledTerm()], Toy.Options)).Message;
        Assert.Contains("knows 2 of 3 classes", message);
    }

    [Fact]
    public void Train_OfTwoLearners_ComesToTheSameBytesAfterAnInterruption()
    {
        var whole = Train("whole", Mutual(), Toy.Options);
        using (var source = new CancellationTokenSource())
        {
            var steps = new StopAfter(2, source);
            Assert.Throws<OperationCanceledException>(() => Train("stopped", Mutual(), Toy.Options, steps, source.Token));
        }

        var resumed = Train("stopped", Mutual(), Toy.Options);
        Assert.Equal(["a", "b"], resumed.Students.Select(student => student.Name));
        Assert.NotEqual(whole.Students[0].Model.ToBytes(), whole.Students[1].Model.ToBytes());
        foreach (var (expected, actual) in whole.Students.Zip(resumed.Students))
        {
            Assert.Equal(expected.Model.ToBytes(), actual.Model.ToBytes());
            Assert.Equal(expected.Epochs.Select(epoch => epoch.Loss), actual.Epochs.Select(epoch => epoch.Loss));
        }
    }

    /// <summary>With a weight of 0 on what the other says, each learns as if it were alone.</summary>
    [Fact]
    public void Train_OfLearnersThatDoNotListen_EqualsEachAlone()
    {
        LearnerOptions[] deaf = [.. Mutual().Select(learner => learner with { Objective = [Toy.Hard[0], ((SoftTerm)learner.Objective[1]) with { Weight = 0 }] })];
        var together = Train("together", deaf, Toy.Options);
        foreach (var (learner, trained) in deaf.Zip(together.Students))
        {
            var alone = Train($"alone-{learner.Name}", [learner with { Name = "student", Objective = Toy.Hard }], Toy.Options).Students[0];
            Assert.Equal(alone.Model.ToBytes(), trained.Model.ToBytes());
        }
    }

    [Fact]
    public void Train_OfLearnersOfOneName_IsRefused() => Assert.Contains("same name", Assert.Throws<InputException>(() =>
        Train("twice", [Mutual()[0], Mutual()[0]], Toy.Options)).Message);

    /// <summary>What is compared value by value would be broadcast, and a student of one output would learn the mean of three.</summary>
    [Fact]
    public void Train_OfLearnersThatGiveOtherShapes_SaysBoth()
    {
        var narrow = Linear(new float[16], 1);
        var message = Assert.Throws<InputException>(() => Train(
            "shapes",
            [
                new("a", Toy.Linear(), StudentImport.Default with { Kind = OutputKind.Values }, [new SquaredErrorTerm { Teacher = "b/logits" }]),
                new("b", narrow, StudentImport.Default with { Kind = OutputKind.Values }, [new SquaredErrorTerm { Teacher = "a/logits" }]),
            ],
            Toy.Options)).Message;
        Assert.Contains("what two learners give, and their shapes differ", message);
        Assert.Contains("[1] for one sample", message);
        Assert.Contains("[3], as a gives", message);
    }

    /// <summary>Columns of values have units of their own, whoever gives the values: b gives x W, and a, of weights 0, gives 0.</summary>
    [Fact]
    public void Train_FromAnotherLearnersValues_CountsInTheTeachersDeviations()
    {
        float[] units = [1, 100, 0.01f];
        float[] taught = [.. toy.Logits.Select((value, i) => value * units[i % Toy.Classes])], weights = Numbers.Uniform(31, 16 * Toy.Classes, -1, 1);
        var data = toy.Data with { Cache = toy.CacheOf((Sets.Logits("logits", [Toy.Classes]) with { Kind = StreamKind.Value }, taught)) };
        opened.Add(data.Cache!);
        var values = StudentImport.Default with { Kind = OutputKind.Values };
        LearnerOptions[] learners =
        [
            new("a", Toy.Linear(), values, [new SquaredErrorTerm { Teacher = "logits" }, new SquaredErrorTerm { Teacher = "b/logits" }]),
            new("b", Linear(weights, Toy.Classes), values, [new SquaredErrorTerm { Teacher = "logits" }]),
        ];
        var epoch = Trainer.Train(
            learners, data, Toy.Options with { Epochs = 1, Optimizer = new SgdOptions { LearningRate = 1e-12 } }, toy.Folder("units"), null, default).Students[0].Epochs[0];

        var samples = new float[Toy.Samples * 16];
        toy.Transfer.Read([.. Enumerable.Range(0, Toy.Samples).Select(row => (long)row)], samples);
        var expected = Enumerable.Range(0, Toy.Classes).Average(column =>
        {
            double[] own = [.. taught.Where((_, i) => i % Toy.Classes == column).Select(value => (double)value)];
            var mean = own.Average();
            var variance = own.Average(value => (value - mean) * (value - mean));
            return samples.Chunk(16).Average(pixels => Math.Pow(pixels.Select((pixel, i) => (double)pixel * weights[i * Toy.Classes + column]).Sum(), 2)) / variance;
        });
        Assert.InRange(epoch.Terms["mse:b/logits"] / expected, 0.99, 1.01);
    }

    /// <summary>Signals [4 channels, 4 steps]: the teacher's five channels are linear in them at each step.</summary>
    [Theory]
    [InlineData("linear")]
    [InlineData("mlp")]
    public void Train_WithHintOfASignal_ProjectsItsChannels(string projector)
    {
        var matrix = Numbers.Uniform(41, Width * 4, -1, 1);
        var samples = new float[Toy.Samples * 16];
        toy.Transfer.Read([.. Enumerable.Range(0, Toy.Samples).Select(row => (long)row)], samples);
        var hidden = samples.Chunk(16).SelectMany(signal => Enumerable.Range(0, Width).SelectMany(channel => Enumerable.Range(0, 4).Select(step =>
            Enumerable.Range(0, 4).Select(from => matrix[channel * 4 + from] * signal[from * 4 + step]).Sum()))).ToArray();
        var cache = toy.CacheOf(
            (Sets.Logits("logits", [Toy.Classes]), toy.Logits), (Sets.Logits("hidden", [Width, 4]) with { Kind = StreamKind.Feature }, hidden));
        opened.Add(cache);
        var result = toy.Train(
            Signals(), toy.Data with { Cache = cache }, [new HintTerm { Student = "c", Projector = projector }, .. Toy.Soft], Toy.Options with { Epochs = 80 });
        Assert.InRange(result.Epochs[^1].Terms["hint"], 0, 0.1 * result.Epochs[0].Terms["hint"]);
        Assert.Equal(Signals().Proto.Graph.Node, result.Model.Proto.Graph.Node);
    }

    /// <summary>At a signal's channels, and at positions of a sequence.</summary>
    [Theory]
    [InlineData("c")]
    [InlineData("t")]
    public void Train_WithExitAtPositions_LearnsIt(string at)
    {
        var student = new LearnerOptions("student", Signals(), StudentImport.Default, [.. Toy.Soft, new SoftTerm { Student = "early", Temperature = 2 }])
        {
            Attachments = [new ExitAttachment { Name = "early", At = at, Hidden = 8 }],
        };
        var result = Train("exit-at-positions", [student], Toy.Options with { Epochs = 60 }).Students[0];
        Assert.InRange(result.Epochs[^1].Terms["soft#2"], 0, 0.95 * result.Epochs[0].Terms["soft#2"]);
        Assert.Equal(Signals().Proto.Graph.Node, result.Model.Proto.Graph.Node);
    }

    /// <summary>Labels are for the first output; that the second has a row of scores at each of four steps does not matter to them.</summary>
    [Fact]
    public void Train_WithLabelsOfSamplesAndAnOutputOfPositions_LearnsBoth()
    {
        var student = new NodeModel(17, "N", 4, 4)
            .Floats("w", Numbers.Uniform(51, 16 * Toy.Classes, -1, 1), 16, Toy.Classes).Floats("u", Numbers.Uniform(52, 8, -1, 1), 4, 2)
            .Node("Flatten", "x", "f").Node("MatMul", "f w", "y").Node("MatMul", "x u", "z").Build("y", "N", Toy.Classes);
        student.Proto.Graph.Output.Add(ValueInfo.Create("z", ElementType.Float32, "N", 4, 2));
        var samples = new float[Toy.Samples * 16];
        toy.Transfer.Read([.. Enumerable.Range(0, Toy.Samples).Select(row => (long)row)], samples);
        float[] steps = [.. samples.Chunk(4).SelectMany(step => new[] { 3 * step[0], 3 * step[1] })];
        var cache = toy.CacheOf((Sets.Logits("logits", [Toy.Classes]), toy.Logits), (Sets.Logits("steps", [4, 2]), steps));
        opened.Add(cache);
        var epochs = OneStudent.Train(
            student, new StudentImport { Output = "y", Outputs = [new("z", "steps")] }, toy.Data with { Cache = cache },
            [new SoftTerm { Teacher = "logits" }, new HardTerm(), new SoftTerm { Teacher = "steps" }], Toy.Options with { Epochs = 40 }, toy.Folder("labels"), null, default).Epochs;
        Assert.All(epochs[0].Terms.Keys, term => Assert.InRange(epochs[^1].Terms[term], 0, 0.5 * epochs[0].Terms[term]));
    }

    private static OnnxModel Linear(float[] weights, int outputs) =>
        new NodeModel(17, "N", 4, 4).Floats("w", weights, 16, outputs).Node("Flatten", "x", "f").Node("MatMul", "f w", "y").Build();

    /// <summary>c: a convolution over steps, [6, 4]; t: the same as a sequence, [4, 6].</summary>
    private static OnnxModel Signals() => new NodeModel(17, "N", 4, 4)
        .Floats("k", Numbers.Uniform(42, 6 * 4, -1, 1), 6, 4, 1).Floats("u", Numbers.Uniform(43, 6 * 6, -1, 1), 6, 6).Floats("w", Numbers.Uniform(44, 24 * Toy.Classes, -1, 1), 24, Toy.Classes)
        .Node("Conv", "x k", "c").Node("Relu", "c", "r").Node("Transpose", "r", "s", ("perm", new[] { 0, 2, 1 })).Node("MatMul", "s u", "t")
        .Node("Flatten", "t", "f").Node("MatMul", "f w", "y").Build();

    private static LearnerOptions[] Mutual() =>
    [
        new("a", Toy.Mlp(), StudentImport.Default, [.. Toy.Hard, new SoftTerm { Teacher = "b/logits" }]),
        new("b", Toy.Linear(), StudentImport.Default, [.. Toy.Hard, new SoftTerm { Teacher = "a/logits" }]),
    ];

    private TrainingResult Train(
        string name, IReadOnlyList<LearnerOptions> learners, TrainingOptions options, IProgress<Core.Progress.StageProgress>? progress = null,
        CancellationToken token = default) =>
        Trainer.Train(learners, toy.Data, options, toy.Folder(name), progress, token);

    /// <summary>The teacher's logits, and five features that are linear in the pixels.</summary>
    private TrainingData Features()
    {
        var matrix = Numbers.Uniform(9, 16 * Width, -1, 1);
        var samples = new float[Toy.Samples * 16];
        toy.Transfer.Read([.. Enumerable.Range(0, Toy.Samples).Select(row => (long)row)], samples);
        var hidden = samples.Chunk(16).SelectMany(pixels =>
            Enumerable.Range(0, Width).Select(unit => pixels.Select((pixel, i) => pixel * matrix[i * Width + unit]).Sum())).ToArray();
        var cache = toy.CacheOf(
            (Sets.Logits("logits", [Toy.Classes]), toy.Logits),
            (Sets.Logits("hidden", [Width]) with { Kind = StreamKind.Feature }, hidden));
        opened.Add(cache);
        return toy.Data with { Cache = cache };
    }

    private sealed class StopAfter(int reports, CancellationTokenSource source) : IProgress<Core.Progress.StageProgress>
    {
        private int left = reports;

        public void Report(Core.Progress.StageProgress value)
        {
            if (--left == 0)
                source.Cancel();
        }
    }
}
