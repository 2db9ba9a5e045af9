using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public class OnnxClassifierTests
{
    // float32 products of up to 12 terms below 1, against double.
    private const double Tolerance = 2e-6;

    private readonly LinearTeacher teacher = new(features: 12, classes: 4, seed: 1);

    [Fact]
    public void Run_Disposed_IsRefused()
    {
        var classifier = Open(teacher.Graph().Output("logits"));
        classifier.Dispose();
        classifier.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Run(classifier, teacher.Samples(1)));
        Assert.Throws<ObjectDisposedException>(() => classifier.RunAll(null!, 1, (_, _) => { }));
        Assert.Throws<ObjectDisposedException>(() => classifier.MeasureLatency(teacher.Samples(1)));
        Assert.Throws<ObjectDisposedException>(() => classifier.AllocateHost(1));
    }

    [Fact]
    public void RunAll_BatchOfNothing_IsOutOfRange()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["samples.csv"], string.Join('\n', Enumerable.Repeat(string.Join(',', Enumerable.Repeat("1", 12)), 3)));
        using var set = TransferSet.Open(new TransferSetOptions { Samples = folder["samples.csv"] });
        using var classifier = Open(teacher.Graph().Output("logits"));

        Assert.Throws<ArgumentOutOfRangeException>("batchSize", () => classifier.RunAll(SampleReader.Of(set, Preprocessing.None), 0, (_, _) => { }));
    }

    [Fact]
    public void Open_WithoutArguments_NamesThem()
    {
        Assert.Throws<ArgumentNullException>("model", () => OnnxClassifier.Open(null!, [12]));
        Assert.Throws<ArgumentNullException>("path", () => OnnxModel.Load(null!));
        Assert.Throws<ArgumentNullException>("options", () => TransferSet.Open(null!));
        Assert.Throws<ArgumentNullException>("set", () => TeacherRunner.Capture.CacheCapture.Capture(null!, new() { Teachers = [] }, "cache"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void Run_DynamicBatch_GivesTheModelsLogits(int count)
    {
        using var classifier = Open(teacher.Graph().Output("logits"));
        Near.Equal(teacher.Logits(teacher.Samples(count)), Run(classifier, teacher.Samples(count)), Tolerance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(8)]
    public void Run_FixedBatchOfFour_PadsTheLastAndDropsTheExtraRows(int count)
    {
        using var classifier = Open(teacher.Graph(batch: 4).Output("logits"));
        Near.Equal(teacher.Logits(teacher.Samples(count)), Run(classifier, teacher.Samples(count)), Tolerance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_MoreRowsThanOneRunTakes_GivesTheBitsOfRunsOneAfterAnother(int threads)
    {
        const int count = 23;
        var large = new LinearTeacher(features: 50_000, classes: 4, seed: 1);
        var samples = large.Samples(count);
        using var classifier = OnnxClassifier.Open(large.Graph().Output("logits").Build(), [large.Features], device: "cpu", threads: threads);
        Assert.InRange(classifier.RowsPerRun, 1, count / 4);

        var together = new float[count * 4];
        classifier.Run(samples, count, together);

        var apart = new float[count * 4];
        for (var (row, rows) = (0, 0); row < count; row += rows)
        {
            rows = Math.Min(classifier.RowsPerRun, count - row);
            classifier.Run(samples.AsMemory(row * large.Features, rows * large.Features), rows, apart.AsMemory(row * 4, rows * 4));
        }
        Assert.Equal(apart, together);
        Near.Equal(large.Logits(samples), together, 1e-2); // sums of 50,000 terms
    }

    [Fact]
    public void Run_FromSeveralThreads_EachGetsItsOwnLogits()
    {
        using var classifier = OnnxClassifier.Open(teacher.Graph().Output("logits").Build(), [teacher.Features], device: "cpu", threads: 2);
        var samples = teacher.Samples(64);
        var expected = teacher.Logits(samples);

        // More callers than runs that may go on at the same time.
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, row =>
        {
            var logits = new float[4];
            for (var repeat = 0; repeat < 50; repeat++)
                classifier.Run(samples.AsMemory(row * teacher.Features, teacher.Features), 1, logits);
            Near.Equal(expected[(row * 4)..(row * 4 + 4)], logits, Tolerance);
        });
    }

    [Theory]
    [InlineData(DataType.Double, 2e-6)]
    [InlineData(DataType.Float16, 5e-3)] // eleven bits: samples below 1 move by up to 2.5e-4 each
    public void Run_InputOfAnotherFloatType_IsConverted(DataType type, double tolerance)
    {
        var graph = new GraphBuilder().Input("x", type, "N", 12).Node("Cast", "x", "as_float", ("to", (long)DataType.Float));
        using var classifier = Open(teacher.Body(graph, "as_float").Output("logits"));

        Assert.Equal("x", classifier.Input);
        Near.Equal(teacher.Logits(teacher.Samples(5)), Run(classifier, teacher.Samples(5)), tolerance);
    }

    [Fact]
    public void Run_OutputOfAnotherFloatType_IsConverted()
    {
        var graph = teacher.Graph().Node("Cast", "logits", "wide", ("to", (long)DataType.Double)).Output("wide", DataType.Double);
        using var classifier = Open(graph);
        Near.Equal(teacher.Logits(teacher.Samples(5)), Run(classifier, teacher.Samples(5)), Tolerance);
    }

    [Fact]
    public void Run_ByteInput_TakesWholeNumbersAndRefusesOthers()
    {
        var graph = new GraphBuilder().Input("x", DataType.Uint8, "N", 12).Node("Cast", "x", "as_float", ("to", (long)DataType.Float));
        using var classifier = Open(teacher.Body(graph, "as_float").Output("logits"));
        var pixels = Enumerable.Range(0, 24).Select(i => (float)(i * 11)).ToArray();

        Near.Equal(teacher.Logits(pixels), Run(classifier, pixels), 1e-3); // sums of up to 12 × 255
        Assert.Contains("bytes", Assert.Throws<InputException>(() => Run(classifier, teacher.Samples(2))).Message);
    }

    [Theory]
    [InlineData(DataType.Int32)]
    [InlineData(DataType.Int64)]
    public void Run_IntegerInput_TakesWholeNumbersAndRefusesOthers(DataType type)
    {
        var graph = new GraphBuilder().Input("x", type, "N", 12).Node("Cast", "x", "as_float", ("to", (long)DataType.Float));
        using var classifier = Open(teacher.Body(graph, "as_float").Output("logits"));
        var ids = Enumerable.Range(0, 24).Select(i => (float)(i * 100 - 1000)).ToArray();

        Near.Equal(teacher.Logits(ids), Run(classifier, ids), 1e-2); // sums of up to 12 × 1,300
        Assert.Contains("integers", Assert.Throws<InputException>(() => Run(classifier, teacher.Samples(2))).Message);
    }

    [Fact]
    public void Run_BatchBakedIntoTheGraph_SaysSo()
    {
        var graph = teacher.Graph().Integers("shape", 1, 4).Node("Reshape", "logits shape", "baked").Output("baked");
        Assert.Contains("batch", Assert.Throws<InputException>(() => Open(graph)).Message);
    }

    [Fact]
    public void Open_OutputWhoseFirstAxisIsNotTheBatch_IsUnsupported()
    {
        var graph = teacher.Graph().Node("Transpose", "logits", "turned").Output("turned");
        Assert.Contains("[4, 5]", Assert.Throws<UnsupportedModelException>(() => Open(graph)).Message);
    }

    [Fact]
    public void Open_AxesOfLengthOneInTheOutput_AreDropped()
    {
        var graph = teacher.Graph().Integers("shape", -1, 4, 1, 1).Node("Reshape", "logits shape", "pooled").Output("pooled");
        using var classifier = Open(graph);
        Near.Equal(teacher.Logits(teacher.Samples(3)), Run(classifier, teacher.Samples(3)), Tolerance);
    }

    [Fact]
    public void Open_UnknownOperator_IsUnsupportedAndNamesIt()
    {
        var error = Assert.Throws<UnsupportedModelException>(() => Open(teacher.Graph().Node("Zorp", "logits", "out").Output("out")));
        Assert.Contains("Zorp", error.Message);
    }

    [Fact]
    public void Open_OpsetFromTheFuture_IsUnsupported() =>
        Assert.Throws<UnsupportedModelException>(() => Open(teacher.Graph(opset: 99).Output("logits")));

    [Fact]
    public void Open_GraphThatReadsATensorNobodyWrites_IsInvalid()
    {
        var error = Assert.Throws<InputException>(() => Open(teacher.Graph().Node("Add", "logits missing", "out").Output("out")));
        Assert.Contains("missing", error.Message);
    }

    [Fact]
    public void Open_DeviceThatDoesNotExist_NamesTheOnesThatDo()
    {
        foreach (var device in new[] { "gpu", "cuda:x", "cuda:-1", "CPU", "" })
            Assert.Contains("cuda:N", Assert.Throws<InputException>(() => Open(teacher.Graph().Output("logits"), device)).Message);
    }

    [Fact]
    public void Open_Cuda_RunsOnCudaOrSaysWhatIsMissingAndNeverRunsOnTheCpu()
    {
        try
        {
            using var classifier = Open(teacher.Graph().Output("logits"), "cuda");
            Assert.Equal("cuda", classifier.Provider);
        }
        catch (InputException e)
        {
            Assert.Contains("CUDA is not available", e.Message);
            Assert.Contains("or choose the device cpu", e.Message);
        }
    }

    [Fact]
    public void Open_Auto_SaysWhyWhenItChoosesTheCpu()
    {
        using var classifier = Open(teacher.Graph().Output("logits"), "auto");
        Assert.Equal(classifier.Provider == "cpu", classifier.ProviderNote is not null);
    }

    [Theory]
    [InlineData("N")]
    [InlineData(4)]
    public void RunAll_WholeSet_HandsOutEveryRowOnceAndInOrder(object batch)
    {
        const int count = 50;
        using var temp = new TemporaryFolder();
        Npy.Write(temp["set.npy"], teacher.Samples(count), count, teacher.Features);
        using var set = TransferSet.Open(new() { Samples = temp["set.npy"] });
        using var classifier = Open(teacher.Graph(batch: batch).Output("logits"));
        var logits = new List<float>();

        classifier.RunAll(
            new(set, Preprocessing.None, Augmentation.None, seed: 0), batchSize: 8,
            (first, values) =>
            {
                Assert.Equal(logits.Count, first * 4);
                logits.AddRange(values.Span);
            },
            CancellationToken.None);

        Near.Equal(teacher.Logits(teacher.Samples(count)), logits.ToArray(), Tolerance);
    }

    [Fact]
    public void MeasureLatency_OfAModelWithAFixedBatch_RunsThatBatch()
    {
        using var classifier = Open(teacher.Graph(batch: 4).Output("logits"));
        Assert.True(classifier.MeasureLatency(teacher.Samples(1), runs: 3) > 0);
    }

    /// <summary>What a file is lowered to is the newest that is read.</summary>
    [Fact]
    public void OnnxRuntime_ReadsTheNewestIrVersionAndNoneAbove()
    {
        var proto = teacher.Graph().Output("logits").Build().Proto.Clone();
        proto.IrVersion = IrVersions.Newest;
        new InferenceSession(proto.ToByteArray()).Dispose();
        proto.IrVersion++;
        Assert.Contains($"max supported IR version: {IrVersions.Newest}", Assert.Throws<OnnxRuntimeException>(() => new InferenceSession(proto.ToByteArray())).Message);
    }

    private OnnxClassifier Open(GraphBuilder graph, string device = "cpu") =>
        OnnxClassifier.Open(graph.Build(), [teacher.Features], device: device, threads: 1);

    private float[] Run(OnnxClassifier classifier, float[] samples)
    {
        var count = samples.Length / teacher.Features;
        var logits = new float[count * classifier.Classes];
        classifier.Run(samples, count, logits);
        return logits;
    }
}
