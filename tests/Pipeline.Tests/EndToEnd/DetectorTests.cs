using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>A detector teaches a student. What the student is worth is worked out here from the raw outputs of both.</summary>
public sealed class DetectorTests : IDisposable
{
    private const int Anchors = 64;
    private const int Columns = 9;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The bar: 95 %. The student's file has the form of the teacher's, with more channels.</summary>
    [Fact]
    public void Student_FromAFile_FindsWhatTheTeacherFinds()
    {
        var run = Cli.Done("run", Recipe($"{{ model: {Small(channels: 48)}, init: fresh, class-axis: 1 }}", "", epochs: 50), "--runs", folder["runs"], "--threads", "1");

        var agreement = Agreement(Run(StudentFile, "logits"), Run(Field("yolo.onnx"), "output0"));
        var figures = Student();
        Assert.InRange(agreement, 0.95, 1);
        Assert.Equal(agreement, figures.GetProperty("agreement").GetDouble(), 2); // rounding may decide what is suppressed
        Assert.InRange(figures.GetProperty("box_overlap").GetDouble(), 0.9, 1);
        Assert.Equal("detector", figures.GetProperty("kind").GetString());
        Assert.Contains("boxes with 5 scores each", run.Error);
        Assert.Contains("box IoU", run.Output);
        Assert.Contains("boxes and probabilities differ by at most", run.Output);
    }

    [Fact]
    public void Student_BuiltIn_StandsInForTheTeacher()
    {
        var run = Cli.Done("run", Recipe("{ architecture: unet, widths: [8, 16, 32], stride: 4, preprocessing: fit }", "", epochs: 5), "--runs", folder["runs"], "--threads", "1");

        Assert.InRange(Agreement(Run(StudentFile, "output0"), Run(Field("yolo.onnx"), "output0")), 0.6, 1);
        Assert.Contains("same input, same output", run.Output);
        Assert.Equal("batch, 9, 64", string.Join(", ", OnnxModel.Load(StudentFile).Proto.Graph.Output.Single().ShapeOf()!));
        Assert.Contains("at each anchor a box and a score for each class", File.ReadAllText(Path.Combine(folder["runs"], "run", "README.md")));
        Assert.Contains("boxes and probabilities", Cli.Done("verify", "--model", StudentFile, "--samples", Field("x.npy"), "--scale", "1/255").Output);
        Assert.Contains("boxes as xywh, its metadata say", Cli.Done("inspect", StudentFile).Output);
    }

    [Fact]
    public void Student_ByDefault_LearnsWithAdamW() => Assert.Contains(
        "optimizer name adamw", Cli.Done("plan", "--teacher", Field("yolo.onnx"), "--samples", Field("x.npy"), "--scale", "1/255", "--runs", folder["runs"]).Error);

    [Theory]
    [InlineData("1", true)]
    [InlineData("1/255", false)]
    public void Teacher_OfBytesAsTheyAre_IsTold(string scale, bool isTold) => Assert.Equal(isTold, Cli.Run(
        "run", "--teacher", Field("yolo.onnx"), "--samples", Field("x.npy"), "--scale", scale, "--architecture", "mlp", "--widths", "8", "--epochs", "1", "--lr", "0.001", "--threads", "1",
        "--runs", folder["runs"]).Error.Contains("it is fed with bytes from 0 to 255 as they are"));

    [Theory]
    [InlineData("output: boxes, scores: scores", true)]
    [InlineData("output: boxes", false)]
    [InlineData("", false)]
    public void BoxesAndScores_InTwoOutputs_AreOneHeadWhereBothAreNamed(string line, bool isNamed)
    {
        var student = "{ architecture: unet, widths: [8, 16, 32], stride: 4, preprocessing: fit }";
        if (!isNamed)
        {
            Assert.Contains(line.Length > 0 ? "It is not clear what" : "scores under scores:", Cli.Fails(2, "run", Recipe(student, line, 1, TwoOutputs()), "--runs", folder["runs"], "--threads", "1"));
            return;
        }

        var run = Cli.Done("run", Recipe(student, line, 5, TwoOutputs()), "--runs", folder["runs"], "--threads", "1");

        Assert.Equal(["boxes", "scores"], OnnxModel.Load(StudentFile).Proto.Graph.Output.Select(output => output.Name));
        float[] own = Joined(Run(StudentFile, "boxes", 4), Run(StudentFile, "scores", 5));
        Assert.InRange(Agreement(own, Run(Field("yolo.onnx"), "output0")), 0.6, 1);
        Assert.Contains("same input, same output", run.Output);
    }

    /// <summary>As SSD is exported: a background in front of the classes. Figures are of objects, worked out here from the raw outputs without that column.</summary>
    [Fact]
    public void Teacher_WhoseScoresExcludeOneAnother_IsLearnedWithItsBackground_AndMeasuredWithout()
    {
        var teacher = Exclusive();
        var run = Cli.Done(
            "run", Recipe("{ architecture: unet, widths: [8, 16, 32], stride: 4, preprocessing: fit }", "output: boxes, scores: scores, background: first", 5, teacher), "--runs", folder["runs"], "--threads", "1");

        Assert.Contains("background first, as the recipe says", run.Error);
        var taught = Objects(teacher);
        Assert.Equal(Agreement(Objects(StudentFile), taught), Student().GetProperty("agreement").GetDouble(), 2);
        Assert.InRange(Student().GetProperty("agreement").GetDouble(), 0.5, 1);
        Assert.InRange(Student().GetProperty("constant_agreement").GetDouble(), 0, Constant(taught) + 0.1); // of a background alone it would be nearly 1
        Assert.Contains("same input, same output", run.Output);
        Assert.Equal("first", OnnxModel.Load(StudentFile).Proto.MetadataProps.Single(entry => entry.Key == "onnxkd.background").Value);
        Assert.Contains("box IoU", Cli.Done("evaluate", "--model", StudentFile, "--teacher", teacher, "--samples", Field("x.npy"), "--scale", "1/255", "--set", "teachers.0.output=boxes", "--set", "teachers.0.scores=scores", "--set", "teachers.0.background=first").Output);
        Assert.Contains("gives logits", Cli.Fails(2, "run", Recipe($"{{ model: {Wider(Small(channels: 8))}, init: fresh, output: boxes, scores: scores }}", "output: boxes, scores: scores, background: first", 1, teacher), "--runs", folder["runs"]));

        static float[] Objects(string model) => Joined(Run(model, "boxes", 4), [.. Run(model, "scores", 6).Chunk(6 * Anchors).SelectMany(scores => scores[Anchors..])]);
    }

    [Theory]
    [InlineData(null, "architecture unet, stride 4")] // 8 × 8 anchors
    [InlineData(80, "architecture fpn, widths [16, 16, 32, 48], strides [4, 8]")] // and 4 × 4 more
    public void Student_ByDefault_HasAPlaceForEachAnchor(int? anchors, string expected)
    {
        var run = Cli.Done("plan", Recipe(null, "", epochs: 1, anchors is { } count ? WithAnchors(count) : null), "--runs", folder["runs"]);
        Assert.Contains(expected, run.Error);
    }

    [Fact]
    public void Inspect_OfADetector_SaysHowItIsLaidOut()
    {
        var output = Cli.Done("inspect", Field("yolo.onnx")).Output;
        Assert.Contains("detector: it joins boxes of 4 columns and 5 more; boxes as xywh", output);
        Assert.Contains("no objectness; scores are probabilities", output);
    }

    [Theory]
    [InlineData("class-axis: 1, objectness: true", "\"has_objectness\": true")]
    [InlineData("boxes: xyxy", "\"boxes\": \"xyxy\"")]
    public void Layout_NamedInTheRecipe_IsTakenAtItsWord(string line, string expected)
    {
        // One epoch is not enough to learn anything: exit code 4, after the capture.
        Cli.Run("run", Recipe("{ architecture: mlp, widths: [32], preprocessing: fit }", $"kind: detector, {line}", epochs: 1), "--runs", folder["runs"], "--threads", "1");
        Assert.Contains(Directory.GetFiles(folder["runs"], "manifest.json", SearchOption.AllDirectories), path => File.ReadAllText(path).Contains(expected));
    }

    /// <summary>How many columns and anchors there are tells which axis of the student's file counts which, be they declared or not.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Student_FromAFile_LiesAsItsTeacherSays(bool declares)
    {
        var run = Cli.Done("run", Recipe($"{{ model: {Small(channels: 16, declares)}, init: fresh }}", "", epochs: 5), "--runs", folder["runs"], "--threads", "1");

        Assert.Contains("boxes and probabilities differ by at most", run.Output);
        Assert.InRange(Agreement(Run(StudentFile, "logits"), Run(Field("yolo.onnx"), "output0")), 0.5, 1);
    }

    /// <summary>As SSD, RetinaNet and DETR are exported. The teacher's one output is joined columns; the student's file ships with its own two, or with the teacher's.</summary>
    [Theory]
    [InlineData("own", "boxes scores", true)]
    [InlineData("own", "boxes scores", false)]
    [InlineData("teacher", "output0", false)]
    public void Student_WhoseBoxesAndScoresAreTwoOutputs_LearnsBoth(string outward, string outputs, bool declares)
    {
        var student = $"{{ model: {Apart(Small(channels: 16), declares)}, init: fresh, output: boxes, scores: scores }}";
        var run = Cli.Done("run", Recipe(student, "", epochs: 5), "--set", $"export.interface={outward}", "--runs", folder["runs"], "--threads", "1");

        Assert.Equal(outputs.Split(' '), OnnxModel.Load(StudentFile).Proto.Graph.Output.Select(output => output.Name));
        var own = outward == "own" ? Joined(Run(StudentFile, "boxes", 4), Run(StudentFile, "scores", 5)) : Run(StudentFile, "output0");
        Assert.Equal(Agreement(own, Run(Field("yolo.onnx"), "output0")), Student().GetProperty("agreement").GetDouble(), 2);
        Assert.InRange(Student().GetProperty("agreement").GetDouble(), 0.5, 1);
        Assert.Contains("boxes and probabilities differ by at most", run.Output);
        Assert.Contains("boxes and probabilities", Cli.Done("verify", "--model", StudentFile, "--samples", Field("x.npy"), "--scale", "1/255").Output);
        Assert.Contains(
            outward == "own" ? "`boxes`: at each anchor a box, before suppression of what is found twice. `scores`: at each anchor a score for each class." : "`output0`: at each anchor a box and a score for each class",
            File.ReadAllText(Path.Combine(folder["runs"], "run", "README.md")));
        Assert.Contains(
            "box IoU", Cli.Done("evaluate", "--model", StudentFile, "--teacher", Field("yolo.onnx"), "--samples", Field("x.npy"), "--scale", "1/255").Output);
    }

    [Fact]
    public void Student_WhoseBoxesAloneAreNamed_IsToldOfBoth() => Assert.Contains(
        "student.scores", Cli.Fails(2, "run", Recipe($"{{ model: {Apart(Small(channels: 16))}, init: fresh, output: boxes }}", "", 1), "--runs", folder["runs"], "--threads", "1"));

    [Fact]
    public void Student_OfAnotherNumberOfColumns_IsRefused() => Assert.Contains(
        "columns (box and scores)", Cli.Fails(2, "run", Recipe($"{{ model: {Small(channels: 8)}, init: fresh, class-axis: 2 }}", "", epochs: 1), "--runs", folder["runs"], "--threads", "1"));

    /// <summary>What a student is worth that looks at nothing: the best boxes that are the same for every sample, which the figures show beside it.</summary>
    [Fact]
    public void Student_ThatLearnsNothing_EndsTheRunWithExitCode4()
    {
        var run = Cli.Run("run", Recipe("{ architecture: unet, widths: [8, 16, 32], stride: 4, preprocessing: fit }", "", epochs: 1, rate: "1.0e-7"), "--runs", folder["runs"], "--threads", "1");

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("The student has not learned.", run.Error);
        var (figures, constant) = (Student(), Constant(Run(Field("yolo.onnx"), "output0")));
        Assert.InRange(figures.GetProperty("constant_agreement").GetDouble(), constant - 0.02, 1); // the product tries other samples too
        Assert.True((figures.TryGetProperty("agreement", out var agreement) ? agreement.GetDouble() : 0) <= figures.GetProperty("constant_agreement").GetDouble());
        Assert.Contains("constant", run.Output);
    }

    /// <summary>Boxes are hundreds of pixels here: by their size a probability could be off by 0.06.</summary>
    [Theory]
    [InlineData(0, null)]
    [InlineData(0.03, "column 4")]
    public void StandIn_FindsAScoreThatIsWrongBesideLargeBoxes(double shift, string? expected)
    {
        var (model, preprocessing) = (OnnxModel.Load(Field("yolo.onnx")), new Preprocessing { Scale = 1 / 255.0 });
        using var set = TransferSet.Open(new() { Samples = Field("x.npy") });
        var (reader, teacher) = (SampleReader.Of(set, preprocessing), new TeacherOptions { Model = Field("yolo.onnx"), Preprocessing = preprocessing });
        using var session = OnnxClassifier.Open(model, set.SampleShape, [teacher.Reading], new() { Device = "cpu", Threads = 1 });
        var (samples, trained) = (new float[4 * set.SampleElements], new float[4 * Anchors * Columns]);
        reader.Read([0, 1, 2, 3], view: 0, samples);
        session.Run(samples, 4, trained);
        var p = 1 / (1 + Math.Exp(-trained[4])) + (trained[4] > 0 ? -shift : shift);
        trained[4] = (float)Math.Log(p / (1 - p)); // the first score of the first anchor
        using var standIn = StandIn.Open(model, reader, teacher, StandIn.FindInterface(teacher, [("logits", null)], reader));

        var error = Record.Exception(() => standIn.Require(0, new([trained], [Columns], [OutputKind.Detector])));

        if (expected is null)
            Assert.Null(error);
        else
            Assert.Contains(expected, Assert.IsType<CheckFailedException>(error).Message);
    }

    private string StudentFile => Path.Combine(folder["runs"], "run", "student.onnx");

    private string Recipe(string? student, string line, int epochs, string? teacher = null, string rate = "0.01")
    {
        File.WriteAllText(folder["detector.yaml"], $$"""
            name: run
            data:
              transfer: { samples: {{Pictures(1500)}} }
              test: { samples: {{Field("x.npy")}} }
              preprocessing: { scale: 0.00392156862745098 }
            teachers: [{ model: {{teacher ?? Field("yolo.onnx")}}, {{line}} }]
            {{(student is null ? "" : $"student: {student}")}}
            objective: [detector-scores: {}, detector-boxes: { loss: smooth-l1, weight: 2 }]
            training: { epochs: {{epochs}}, batch-size: 16, optimizer: { name: adamw, learning-rate: {{rate}} }, schedule: { name: cosine } }
            """);
        return folder["detector.yaml"];
    }

    /// <summary>A detector of the teacher's form: one convolution, then boxes and scores as probabilities.</summary>
    private string Small(int channels, bool declares = true)
    {
        var random = new Random(3);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
        var graph = new GraphProto
        {
            Name = "small",
            Input = { ValueInfo.Create("images", ElementType.Float32, "N", 3, 32, 32) },
            Output = { declares ? ValueInfo.Create("logits", ElementType.Float32, "N", Columns, Anchors) : ValueInfo.Create("logits", ElementType.Float32, "N", "a", "b") },
            Initializer =
            {
                TensorData.Create("w", Draw(channels * 27), channels, 3, 3, 3), TensorData.Create("b", new float[channels], channels),
                TensorData.Create("wb", Draw(4 * channels), 4, channels, 1, 1), TensorData.Create("bb", new float[4], 4), TensorData.Create("sb", [-1L, 4, Anchors], 3),
                TensorData.Create("wk", Draw(5 * channels), 5, channels, 1, 1), TensorData.Create("bk", new float[5], 5), TensorData.Create("sk", [-1L, 5, Anchors], 3),
                TensorData.Create("size", [640f]),
            },
            Node =
            {
                Node("Conv", "images w b", "c", Ints("pads", 1, 1, 1, 1), Ints("strides", 4, 4)), Node("Relu", "c", "r"),
                Node("Conv", "r wb bb", "b0"), Node("Reshape", "b0 sb", "b1"), Node("Sigmoid", "b1", "b2"), Node("Mul", "b2 size", "boxes"),
                Node("Conv", "r wk bk", "k0"), Node("Reshape", "k0 sk", "k1"), Node("Sigmoid", "k1", "scores"),
                Node("Concat", "boxes scores", "logits", new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 }),
            },
        };
        File.WriteAllBytes(
            folder["small.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
        return folder["small.onnx"];

        static NodeProto Node(string op, string inputs, string output, params AttributeProto[] attributes) =>
            new() { OpType = op, Name = output, Input = { inputs.Split(' ') }, Output = { output }, Attribute = { attributes } };

        static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };
    }

    /// <summary>Noise as the test samples are: what a detector says of any picture teaches.</summary>
    private string Pictures(int count)
    {
        var values = new byte[count * 3 * 32 * 32];
        new Random(5).NextBytes(values);
        Npy.Write(folder["noise.npy"], values, count, 3, 32, 32);
        return folder["noise.npy"];
    }

    private JsonElement Student()
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["runs"], "run", "metrics.json")));
        return metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student").Clone();
    }

    /// <summary>2 · same ÷ (both), each class of each sample after greedy suppression, written without the product's code.</summary>
    private static double Agreement(float[] own, float[] taught)
    {
        double same = 0, all = 0;
        for (var start = 0; start < own.Length; start += Columns * Anchors)
            for (var c = 4; c < Columns; c++)
            {
                var (mine, theirs) = (Kept(own, start, c), Kept(taught, start, c));
                all += mine.Count + theirs.Count;
                foreach (var box in mine)
                {
                    var match = theirs.OrderByDescending(other => Overlap(box, other)).FirstOrDefault();
                    if (match is null || Overlap(box, match) < 0.5)
                        continue;
                    theirs.Remove(match);
                    same++;
                }
            }

        return 2 * same / all;
    }

    /// <summary>The agreement of an answer that is one sample's, whatever the sample: the best of some.</summary>
    private static double Constant(float[] taught)
    {
        var one = Columns * Anchors;
        return Enumerable.Range(0, 5).Max(i => Agreement(
            [.. Enumerable.Range(0, taught.Length / one).SelectMany(_ => taught.Skip(i * one).Take(one))], taught));
    }

    private static List<double[]> Kept(float[] values, int start, int c)
    {
        double At(int column, int anchor) => values[start + column * Anchors + anchor];
        var kept = new List<double[]>();
        foreach (var anchor in Enumerable.Range(0, Anchors).Where(anchor => At(c, anchor) > 0.25).OrderByDescending(anchor => At(c, anchor)))
        {
            var (x, y, w, h) = (At(0, anchor), At(1, anchor), At(2, anchor), At(3, anchor));
            double[] box = [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
            if (kept.TrueForAll(other => Overlap(box, other) <= 0.45))
                kept.Add(box);
        }

        return kept;
    }

    private static double Overlap(double[] a, double[] b)
    {
        var common = Math.Max(0, Math.Min(a[2], b[2]) - Math.Max(a[0], b[0])) * Math.Max(0, Math.Min(a[3], b[3]) - Math.Max(a[1], b[1]));
        return common / Math.Max(1e-12, (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common);
    }

    /// <summary>The teacher with more anchors, which are some of the others.</summary>
    private string WithAnchors(int count)
    {
        var proto = OnnxModel.Load(Field("yolo.onnx")).Proto;
        var join = proto.Graph.Node.First(node => node.OpType == "Concat");
        proto.Graph.Initializer.Add(TensorData.Create("which", [.. Enumerable.Range(0, count).Select(i => (long)i % Anchors)], count));
        foreach (var (i, part) in join.Input.ToArray().Index())
        {
            proto.Graph.Node.Insert(proto.Graph.Node.Count - 1, new NodeProto
            {
                OpType = "Gather", Name = $"{part}/more", Input = { part, "which" }, Output = { $"{part}/more" },
                Attribute = { new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 2 } },
            });
            join.Input[i] = $"{part}/more";
        }

        proto.Graph.Output[0] = ValueInfo.Create("output0", ElementType.Float32, "batch", Columns, count);
        File.WriteAllBytes(folder["more.onnx"], proto.ToByteArray());
        return folder["more.onnx"];
    }

    private string TwoOutputs() => Apart(Field("yolo.onnx"));

    /// <summary>A detector without the join at its end.</summary>
    /// <param name="detector">The file.</param>
    /// <param name="declares">Whether it says how long the outputs are.</param>
    private string Apart(string detector, bool declares = true)
    {
        var proto = OnnxModel.Load(detector).Proto;
        proto.Graph.Node.Remove(proto.Graph.Node.First(node => node.OpType == "Concat"));
        proto.Graph.Output.Clear();
        proto.Graph.Output.Add(ValueInfo.Create("boxes", ElementType.Float32, "batch", declares ? 4 : "a", declares ? Anchors : "b"));
        proto.Graph.Output.Add(ValueInfo.Create("scores", ElementType.Float32, "batch", declares ? 5 : "c", declares ? Anchors : "b"));
        var path = folder[$"apart-{Path.GetFileName(detector)}"];
        File.WriteAllBytes(path, proto.ToByteArray());
        return path;
    }

    /// <summary>The teacher with the log-odds of its scores, and a zero before them, in a softmax.</summary>
    private string Exclusive()
    {
        var proto = OnnxModel.Load(TwoOutputs()).Proto;
        var scores = proto.Graph.Node.First(node => node.Output.Contains("scores"));
        scores.Output[scores.Output.IndexOf("scores")] = "independent";
        proto.Graph.Initializer.Add(TensorData.Create("unit", [1f], 1));
        proto.Graph.Initializer.Add(TensorData.Create("nought", [0f], 1));
        proto.Graph.Initializer.Add(TensorData.Create("one", [0L], 1));
        (string Op, string Inputs, string Output)[] nodes =
        [
            ("Log", "independent", "yes"), ("Sub", "unit independent", "other"), ("Log", "other", "no"), ("Sub", "yes no", "odds"), ("Gather", "odds one", "column"),
            ("Mul", "column nought", "zero"), ("Concat", "zero odds", "all"), ("Softmax", "all", "scores"),
        ];
        foreach (var (op, inputs, output) in nodes)
            proto.Graph.Node.Add(new NodeProto
            {
                OpType = op, Name = output, Input = { inputs.Split(' ') }, Output = { output },
                Attribute = { op is "Gather" or "Concat" or "Softmax" ? [new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 }] : Array.Empty<AttributeProto>() },
            });
        proto.Graph.Output[1] = ValueInfo.Create("scores", ElementType.Float32, "batch", 6, Anchors);
        File.WriteAllBytes(folder["exclusive.onnx"], proto.ToByteArray());
        return folder["exclusive.onnx"];
    }

    /// <summary>A student's file in two outputs, with six logits.</summary>
    private string Wider(string detector)
    {
        var proto = OnnxModel.Load(Apart(detector)).Proto;
        foreach (var (name, count) in new[] { ("wk", 6 * 8), ("bk", 6) })
        {
            proto.Graph.Initializer.Remove(proto.Graph.Initializer.Single(tensor => tensor.Name == name));
            proto.Graph.Initializer.Add(name == "wk" ? TensorData.Create(name, [.. Enumerable.Range(0, count).Select(i => i % 7 - 3f)], 6, 8, 1, 1) : TensorData.Create(name, new float[count], 6));
        }

        var shape = proto.Graph.Initializer.Single(tensor => tensor.Name == "sk");
        proto.Graph.Initializer[proto.Graph.Initializer.IndexOf(shape)] = TensorData.Create("sk", [-1L, 6, Anchors], 3);
        proto.Graph.Node.Single(node => node.Output.Contains("scores")).OpType = "Identity";
        proto.Graph.Output[1] = ValueInfo.Create("scores", ElementType.Float32, "batch", 6, Anchors);
        File.WriteAllBytes(folder["wider.onnx"], proto.ToByteArray());
        return folder["wider.onnx"];
    }

    private static float[] Joined(float[] boxes, float[] scores) =>
        [.. boxes.Chunk(4 * Anchors).Zip(scores.Chunk(5 * Anchors)).SelectMany(pair => pair.First.Concat(pair.Second))];

    private static float[] Run(string model, string tensor, int columns = Columns)
    {
        using var set = TransferSet.Open(new() { Samples = Field("x.npy") });
        using var session = OnnxClassifier.Open(OnnxModel.Load(model), set.SampleShape, [new() { Tensor = tensor, IsFeature = true }], new() { Device = "cpu", Threads = 1 });
        var values = new float[set.Count * set.SampleElements];
        new SampleReader(set, new Preprocessing { Scale = 1 / 255.0 }, Augmentation.None, 0).Read([.. Enumerable.Range(0, (int)set.Count).Select(i => (long)i)], 0, values);
        var given = new float[set.Count * columns * Anchors];
        session.Run(values, (int)set.Count, given);
        return given;
    }

    private static string Field(string file) => Repository.Field("detector", file);
}
