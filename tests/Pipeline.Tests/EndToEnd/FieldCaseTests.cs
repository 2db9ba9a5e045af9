using System.Text.Json;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>
/// Models as people bring them that are no classifiers of one class in several: each teaches what it gives, or is refused. What a student is worth
/// is worked out here from the raw outputs of both models.
/// </summary>
public sealed class FieldCaseTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("price.onnx")] // [N, 1]
    [InlineData("price1d.onnx")] // [N]
    public void Regression_Student_ExplainsTheTeachersValues(string teacher)
    {
        var run = Distil("regression", teacher, epochs: 60);
        var (given, taught) = Outputs("regression", teacher, "xt.npy", "variable", "variable", 1);

        var mean = taught.Average();
        var explained = 1 - given.Zip(taught, (z, v) => Math.Pow(z - v, 2)).Sum() / taught.Sum(v => Math.Pow(v - mean, 2));
        Assert.InRange(explained, 0.98, 1);
        Assert.Equal(explained, Figure("r_squared"), 4);
        Assert.Contains("1 value from 'variable'", run.Error);
        Assert.Contains("R2", run.Output);
        Assert.DoesNotContain("agreement", run.Output);
    }

    [Fact]
    public void Multilabel_Student_DecidesAsTheTeacherDoes()
    {
        var run = Distil("multilabel-sigmoid", "multilabel.onnx", epochs: 40);
        var (given, taught) = Outputs("multilabel-sigmoid", "multilabel.onnx", "xt.npy", "y", "y", 5);

        Assert.All(given, p => Assert.InRange(p, 0, 1)); // the student ends in the teacher's sigmoid
        var agreement = given.Zip(taught, (q, p) => q > 0.5 == p > 0.5 ? 1.0 : 0).Average();
        Assert.InRange(agreement, 0.97, 1);
        Assert.Equal(agreement, Figure("agreement"), 6);
        Assert.Contains("5 independent labels from 'logits' (it ends in Sigmoid)", run.Error);
    }

    [Fact]
    public void Embedding_Student_PointsWhereTheTeacherDoes()
    {
        var run = Distil("embedding", "face_embed.onnx", epochs: 40);
        var (given, taught) = Outputs("embedding", "face_embed.onnx", "xt.npy", "embedding", "embedding", 16);

        var cosine = given.Chunk(16).Zip(taught.Chunk(16), (a, b) => a.Zip(b, (x, y) => x * y).Sum()).Average(); // both of length 1
        Assert.InRange(cosine, 0.97, 1);
        Assert.Equal(cosine, Figure("cosine"), 4);
        Assert.InRange(Figure("neighbour_recall"), 0.3, 1); // chance is 1 in 299
        Assert.Contains("an embedding of 16 numbers", run.Error);
    }

    [Theory]
    [InlineData("col_sigmoid.onnx")]
    [InlineData("squeeze_sigmoid.onnx")]
    [InlineData("squeeze_logit.onnx")] // which its labels tell from a regression
    public void BinaryHead_TeachesAndIsMeasuredByItsDecisions(string teacher)
    {
        Distil("binary-squeezed", teacher, epochs: 30, "--labels", Repository.Field("binary-squeezed", "y.npy"), "--test-labels", Repository.Field("binary-squeezed", "y.npy"));
        Assert.InRange(Figure("agreement"), 0.93, 1);
        Assert.InRange(Figure("f1"), 0.85, 1);
    }

    [Theory]
    [InlineData("0.5")]
    [InlineData("0")]
    public void BinaryHead_LearnsFromHardLabelsToo(string alpha)
    {
        Distil(
            "binary-squeezed", "squeeze_sigmoid.onnx", epochs: 30, "--labels", Repository.Field("binary-squeezed", "y.npy"), "--test-labels", Repository.Field("binary-squeezed", "y.npy"),
            "--alpha", alpha);
        Assert.InRange(Figure("accuracy"), 0.93, 1);
        Assert.InRange(Figure("agreement"), 0.93, 1);
    }

    [Theory]
    [InlineData("squeeze_logit.onnx")]
    [InlineData("squeeze_sigmoid.onnx")]
    public void BinaryHead_LearnsAsAFileStudent(string student)
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field("binary-squeezed", "col_sigmoid.onnx"), "--samples",
            Repository.Field("binary-squeezed", "x.npy"), "--test-samples", Repository.Field("binary-squeezed", "x.npy"), "--student", Repository.Field("binary-squeezed", student),
            "--init", "fresh", "--epochs", "40", "--batch-size", "32", "--lr", "0.05", "--threads", "1");
        Assert.InRange(Figure("agreement"), 0.93, 1);
    }

    [Theory]
    [InlineData("logits.npy")]
    [InlineData("probs.npy")]
    public void LogitsThatLieOnDisk_TeachAndAreAgreedWith(string signals)
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--signals", Repository.Field("precomputed-logits", signals), "--test-signals",
            Repository.Field("precomputed-logits", signals), "--samples", Repository.Field("precomputed-logits", "x.npy"), "--test-samples", Repository.Field("precomputed-logits", "x.npy"),
            "--quick", "--threads", "1");
        using var given = SignalFile.Open(Repository.Field("precomputed-logits", signals));
        var taught = new float[given.Rows * 3];
        given.Read([.. Enumerable.Range(0, (int)given.Rows).Select(i => (long)i)], taught);
        var student = Run(Path.Combine(folder.Path, "run", "student.onnx"), "logits", Repository.Field("precomputed-logits", "x.npy"), 3);

        var agreement = student.Chunk(3).Zip(taught.Chunk(3), (z, v) => Array.IndexOf(z, z.Max()) == Array.IndexOf(v, v.Max()) ? 1.0 : 0).Average();
        Assert.InRange(agreement, 0.97, 1);
        Assert.Equal(agreement, Figure("agreement"), 6);
    }

    [Fact]
    public void ClassifierThatGivesMaps_TeachesAStudentThatGivesThemToo()
    {
        var run = Distil("zipmap", "lgbm_zipmap.onnx", epochs: 40);

        var (taught, own) = (Session(Repository.Field("zipmap", "lgbm_zipmap.onnx")), Session(Path.Combine(folder.Path, "run", "student.onnx")));
        Assert.Equal(taught.Names, own.Names);
        Assert.All(own.Maps, map => Assert.Equal(["0", "1", "2"], map.Keys.Order()));
        Assert.Equal(own.Maps.Select(map => map.MaxBy(pair => pair.Value).Key), own.Labels);
        var agreement = own.Labels.Zip(taught.Labels, (a, b) => a == b ? 1.0 : 0).Average();
        Assert.InRange(agreement, 0.8, 1); // 0.62 for whoever always says the same; many of the teacher's probabilities are next to equal
        Assert.Equal(agreement, Figure("agreement"), 6);
        Assert.Contains("is a sequence of maps", run.Error);
        Assert.Contains("output 'label': the class of the highest score", run.Output);
        Assert.Contains("same input, same output", run.Output);
        Assert.Contains("yes: 3 classes", Cli.Done("inspect", Path.Combine(folder.Path, "run", "student.onnx")).Output);
        Cli.Done("verify", "--model", Path.Combine(folder.Path, "run", "student.onnx"), "--samples", Repository.Field("zipmap", "x.npy"));
        Cli.Done("benchmark", Path.Combine(folder.Path, "run", "student.onnx"), "--threads", "1", "--batch-sizes", "1", "--seconds", "0.05", "--in-this-process");

        (string[] Names, string[] Labels, List<Dictionary<string, float>> Maps) Session(string model)
        {
            using var set = TransferSet.Open(new() { Samples = Repository.Field("zipmap", "x.npy") });
            using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(model);
            var samples = new float[set.Count * set.SampleElements];
            set.Read([.. Enumerable.Range(0, (int)set.Count).Select(i => (long)i)], samples);
            using var input = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(samples, [set.Count, set.SampleElements]);
            using var options = new Microsoft.ML.OnnxRuntime.RunOptions();
            using var results = session.Run(options, ["X"], [input], ["label", "probabilities"]);
            var (maps, allocator) = (new List<Dictionary<string, float>>(), Microsoft.ML.OnnxRuntime.OrtAllocator.DefaultInstance);
            for (var row = 0; row < results[1].GetValueCount(); row++)
            {
                using var map = results[1].GetValue(row, allocator);
                using var keys = map.GetValue(0, allocator);
                using var values = map.GetValue(1, allocator);
                maps.Add(keys.GetTensorDataAsSpan<long>().ToArray().Zip(values.GetTensorDataAsSpan<float>().ToArray()).ToDictionary(pair => $"{pair.First}", pair => pair.Second));
            }

            return ([.. session.OutputNames], [.. results[0].GetTensorDataAsSpan<long>().ToArray().Select(label => $"{label}")], maps);
        }
    }

    [Fact]
    public void Inspect_OfMaps_SaysWhatTheColumnsAre()
    {
        var output = Cli.Done("inspect", Repository.Field("zipmap", "lgbm_zipmap.onnx")).Output;

        Assert.Contains("a column for each of 0, 1, 2", output);
        Assert.Contains("teacher:    yes: 3 classes", output);
    }

    [Theory]
    [InlineData("dangling.onnx", "does not exist")]
    [InlineData("empty.onnx", "an empty file")]
    [InlineData("gz.onnx", "gunzip")]
    [InlineData("html.onnx", "a web page")]
    [InlineData("hugedim.onnx", "shape is impossible")]
    [InlineData("lfs.onnx", "git lfs pull")]
    [InlineData("negdim.onnx", "shape is impossible")]
    [InlineData("nested.onnx", "is damaged")]
    [InlineData("torch.onnx", "a PyTorch checkpoint")]
    [InlineData("trunc.onnx", "truncated or damaged")]
    public void DownloadThatWentWrong_IsNamed(string model, string expected) =>
        Assert.Contains(expected, Cli.Fails(2, "inspect", Repository.Field("broken-models", model)));

    [Theory]
    [InlineData("cos1g.onnx")]
    [InlineData("cos2g.onnx")]
    [InlineData("cosbomb.onnx")]
    public void ModelThatAsksForGigabytes_IsRefusedWithALimitThatCanBeRaised(string model)
    {
        var output = Cli.Done("inspect", Repository.Field("broken-models", model)).Output;

        Assert.Contains("teacher:    no: A model asks for more memory than it may have.", output);
        Assert.Contains("--memory-limit", output);
    }

    [Fact]
    public void StudentOfFloat16_TrainsAndIsExportedAsItCame()
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field("fp16", "fp16_keepio.onnx"), "--kind", "classes", "--samples", Repository.Field("fp16", "x.npy"),
            "--test-samples", Repository.Field("fp16", "x.npy"), "--student", Repository.Field("fp16", "fp16.onnx"), "--init", "fresh", "--epochs", "40", "--batch-size", "32", "--lr", "0.05",
            "--threads", "1");

        var graph = OnnxModel.Load(Path.Combine(folder.Path, "run", "student.onnx")).Proto.Graph;
        Assert.All(graph.Input.Concat(graph.Output), value => Assert.Equal(ElementType.Float16.ToDataType(), value.DataTypeOf()));
        Assert.InRange(Figure("agreement"), 0.9, 1);
    }

    [Fact]
    public void StudentOfFloat64_TrainsAndIsExportedAsItCame()
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field("fp16", "fp16_keepio.onnx"), "--kind", "classes", "--samples", Repository.Field("fp16", "x.npy"),
            "--test-samples", Repository.Field("fp16", "x.npy"), "--student", Repository.Field("fp16", "fp64.onnx"), "--init", "fresh", "--epochs", "40", "--batch-size", "32", "--lr", "0.05",
            "--threads", "1");

        var graph = OnnxModel.Load(Path.Combine(folder.Path, "run", "student.onnx")).Proto.Graph;
        Assert.All(graph.Input.Concat(graph.Output), value => Assert.Equal(ElementType.Float64.ToDataType(), value.DataTypeOf()));
        Assert.InRange(Figure("agreement"), 0.9, 1);
    }

    [Fact]
    public void RefusedStudent_RunsNoTeacher()
    {
        var student = LinearModel.Write(folder["student.onnx"], activation: "Hardmax");
        LinearModel.Write(folder["teacher.onnx"]);
        Npy.Write(folder["x.npy"], Enumerable.Range(0, 4 * 16).Select(i => i % 7f).ToArray(), 4, 4, 4);

        var error = Cli.Fails(
            3, "run", "--runs", folder["runs"], "--teacher", folder["teacher.onnx"], "--samples", folder["x.npy"], "--student", student, "--epochs", "1", "--lr", "0.1",
            "--batch-size", "4", "--threads", "1");

        Assert.Contains("Hardmax", error);
        Assert.DoesNotContain("cache: started", error);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.safetensors", SearchOption.AllDirectories));
    }

    [Fact]
    public void BinaryHead_WithoutSigmoidAndLabels_IsRefused()
    {
        var error = Refused("binary-squeezed", "squeeze_logit.onnx");
        Assert.Contains("It is not clear what the model's output holds.", error);
        Assert.Contains("kind: classes", error);
    }

    [Theory]
    [InlineData("multihead-classes", "two.onnx")]
    [InlineData("multihead-classes", "ten.onnx")]
    public void HeadWithoutEvidence_IsRefusedBeforeTheCapture(string field, string teacher)
    {
        Assert.Contains("It is not clear what the model's output holds.", Refused(field, teacher));
        Assert.Empty(Directory.GetFiles(folder.Path, "*.safetensors", SearchOption.AllDirectories));
    }

    [Fact]
    public void Kind_OnTheCommandLine_IsTakenAtItsWord()
    {
        var run = Distil("multihead-classes", "ten.onnx", epochs: 60, "--kind", "labels");
        Assert.Contains("10 independent labels from 'y' (the recipe says so)", run.Error);
        Assert.Contains("binary", File.ReadAllText(Path.Combine(folder.Path, "run", "recipe.yaml")));
    }

    [Fact]
    public void Term_OfAnotherKind_NamesThoseThatFit()
    {
        var error = Cli.Fails(2, [.. Command("multilabel-sigmoid", "multilabel.onnx", "x.npy", 1), "--temperature", "4"]);
        Assert.Contains("scores of independent labels", error);
        Assert.Contains("binary", error);
    }

    [Fact]
    public void Inspect_ShowsTheKindAndItsEvidence()
    {
        Assert.Contains("embedding: it ends in a division by its length", Cli.Done("inspect", Repository.Field("embedding", "face_embed.onnx")).Output);
        var labelled = Cli.Done(
            "inspect", Repository.Field("binary-squeezed", "squeeze_logit.onnx"), "--samples", Repository.Field("binary-squeezed", "x.npy"), "--labels",
            Repository.Field("binary-squeezed", "y.npy"));
        Assert.Contains("labels: it is right on", labelled.Output);
    }

    [Fact]
    public void Inspect_WithSamplesAndOutput_SaysWhatARunWouldSay()
    {
        LinearModel.Write(folder["bytes.onnx"], type: Core.Tensors.ElementType.UInt8, edit: model =>
        {
            var cast = new Onnx.NodeProto { OpType = "Cast", Input = { "x" }, Output = { "float" } };
            cast.Attribute.Add(new Onnx.AttributeProto { Name = "to", Type = Onnx.AttributeProto.Types.AttributeType.Int, I = 1 });
            model.Graph.Node.Insert(0, cast);
            model.Graph.Node[1].Input[0] = "float";
        });
        Npy.Write(folder["halves.npy"], Enumerable.Repeat(0.5f, 2 * 16).ToArray(), 2, 4, 4);
        Npy.Write(folder["whole.npy"], Enumerable.Repeat(3f, 2 * 16).ToArray(), 2, 4, 4);
        Npy.Write(folder["labels.npy"], [0L, 9], 2);

        string Verdict(params string[] options) =>
            JsonDocument.Parse(Cli.Done(["inspect", folder["bytes.onnx"], .. options, "--json"]).Output).RootElement.GetProperty("teacher").ToString();

        Assert.Contains("takes bytes", Verdict("--samples", folder["halves.npy"]));
        Assert.Contains("takes bytes", Cli.Fails(2, "run", "--teacher", folder["bytes.onnx"], "--samples", folder["halves.npy"], "--runs", folder["runs"], "--quick", "--threads", "1"));
        Assert.Contains("3 classes", Verdict("--samples", folder["whole.npy"]));
        Assert.Contains("9", Verdict("--samples", folder["whole.npy"], "--labels", folder["labels.npy"]));
        Assert.Contains("It is not clear", Verdict("--samples", folder["whole.npy"], "--output", "product"));
        Assert.Contains("3 classes", Verdict("--samples", folder["whole.npy"], "--output", "product", "--kind", "classes"));
        Assert.Contains("no tensor of that name", Cli.Fails(2, "inspect", folder["bytes.onnx"], "--output", "nothing"));
        Assert.Contains("3 classes", Verdict("--samples", folder["halves.npy"], "--scale", "2"));
    }

    /// <summary>The same words on both command lines give the same verdict, as text and as exit code.</summary>
    [Theory]
    [InlineData("Softmax", "--kind labels")]
    [InlineData("Identity", "--kind classes --probabilities true")]
    [InlineData("Identity", "--kind detector")]
    [InlineData("Sigmoid", "--kind labels --set data.transfer.samples-key=other")]
    [InlineData("Sigmoid", "--outputs logits=values,nothing")]
    public void Inspect_OfAUseThatIsNone_EndsAsARunDoes(string activation, string options)
    {
        LinearModel.Write(folder["m.onnx"], weight: 3, activation: activation);
        var random = new Random(1);
        Npy.Write(folder["x.npy"], [.. Enumerable.Range(0, 40 * 16).Select(_ => random.NextSingle() * 4 - 2)], 40, 4, 4);
        string[] words = ["--samples", folder["x.npy"], .. options.Split(' ')];

        var inspected = Cli.Run(["inspect", folder["m.onnx"], .. words]);
        var run = Cli.Run(["run", "--runs", folder["runs"], "--quick", "--threads", "1", "--teacher", folder["m.onnx"], .. words]);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Equal(run.ExitCode, inspected.ExitCode);
        Assert.EndsWith(inspected.Error[inspected.Error.IndexOf("error:", StringComparison.Ordinal)..], run.Error, StringComparison.Ordinal);
    }

    private CliResult Distil(string field, string teacher, int epochs, params string[] more)
    {
        var test = File.Exists(Repository.Field(field, "xt.npy")) ? "xt.npy" : "x.npy";
        return Cli.Done([.. Command(field, teacher, test, epochs), .. more]);
    }

    private string Refused(string field, string teacher) => Cli.Fails(2, Command(field, teacher, "x.npy", 1));

    private string[] Command(string field, string teacher, string test, int epochs) =>
    [
        "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field(field, teacher), "--samples", Repository.Field(field, "x.npy"), "--test-samples",
        Repository.Field(field, test), "--architecture", "mlp", "--widths", "64", "--epochs", $"{epochs}", "--batch-size", "32", "--lr", "0.05", "--threads", "1",
    ];

    private double Figure(string name)
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, "run", "metrics.json")));
        var student = metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student");
        return student.GetProperty(name).GetDouble();
    }

    /// <summary>What both models give, as it is.</summary>
    private (double[] Student, double[] Teacher) Outputs(string field, string teacher, string samples, string own, string taught, int columns) => (
        Run(Path.Combine(folder.Path, "run", "student.onnx"), own, Repository.Field(field, samples), columns), Run(Repository.Field(field, teacher), taught, Repository.Field(field, samples), columns));

    private static double[] Run(string model, string tensor, string samples, int columns)
    {
        using var set = TransferSet.Open(new() { Samples = samples });
        using var session = OnnxClassifier.Open(
            OnnxModel.Load(model), set.SampleShape, [new() { Tensor = tensor, IsFeature = true }], new() { Device = "cpu", Threads = 1 });
        var values = new float[set.Count * set.SampleElements];
        new SampleReader(set, Preprocessing.None, Augmentation.None, 0).Read([.. Enumerable.Range(0, (int)set.Count).Select(i => (long)i)], 0, values);
        var given = new float[set.Count * columns];
        session.Run(values, (int)set.Count, given);
        return [.. given.Select(value => (double)value)];
    }
}
