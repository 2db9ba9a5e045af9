using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>A teacher of several outputs and a student that learns each. What the student is worth is worked out here from the raw outputs of both.</summary>
public sealed class SeveralOutputsTests : IDisposable
{
    private const string TwoTerms = "\n  - soft: { teacher: logits, temperature: 2 }\n  - soft: { teacher: gender, temperature: 2 }";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("{ architecture: mlp, widths: [64], outputs: [gender] }")]
    [InlineData("{ model: HEADS, init: fresh, output: age, outputs: { gender: gender } }")]
    public void Student_OfTwoHeads_FollowsBothAndStandsInForTheTeacher(string student)
    {
        var run = Cli.Done("run", Recipe(student, TwoTerms, epochs: 80), "--runs", folder["runs"], "--threads", "1");

        Assert.Equal(["age", "gender"], OnnxModel.Load(StudentFile).Proto.Graph.Output.Select(output => output.Name));
        var figures = Student();
        Assert.Equal(Agreement("age", 5), figures.GetProperty("agreement").GetDouble(), 6);
        Assert.Equal(Agreement("gender", 2), figures.GetProperty("outputs").GetProperty("gender").GetProperty("agreement").GetDouble(), 6);
        Assert.InRange(Agreement("age", 5), 0.88, 1);
        Assert.InRange(Agreement("gender", 2), 0.93, 1);
        Assert.InRange(figures.GetProperty("parity").GetProperty("outputs").GetProperty("gender").GetProperty("max_abs").GetDouble(), 0, 1e-5);
        Assert.Contains("output 'gender':", run.Output);
        Assert.Contains("Output gender", File.ReadAllText(Path.Combine(folder["runs"], "heads", "report.html")));
    }

    [Theory]
    [InlineData("--architecture", "mlp")]
    [InlineData("--student", "HEADS")]
    public void Outputs_OnTheCommandLine_AreLearnedAndMeasured(string option, string student)
    {
        var run = Cli.Done(
            "run", "--runs", folder["runs"], "--name", "heads", "--teacher", Field("heads.onnx"), "--kind", "classes", "--outputs", "age,gender", "--samples", Samples,
            "--test-samples", Samples, option, student.Replace("HEADS", Field("heads.onnx")), "--epochs", "1", "--batch-size", "32", "--lr", "0.1", "--threads", "1");

        Assert.Equal(["age", "gender"], OnnxModel.Load(StudentFile).Proto.Graph.Output.Select(output => output.Name));
        Assert.Contains("output 'gender':", run.Output);
    }

    /// <summary>
    /// One answer for a text and one for each token, of texts that are padded: the student is the teacher's graph with fresh weights, whose product says both. Positions that are
    /// padded are left out here by hand.
    /// </summary>
    [Theory]
    [InlineData("text", "slots")]
    [InlineData("slots", "text")]
    public void Student_OfATextsAnswerAndItsTokens_LearnsBothWhereTextsArePadded(string first, string second)
    {
        const int Texts = 120, Length = 6;
        var model = OnnxModel.Load(MaskedTexts(Texts, Length, out var ids, out var mask)).Proto;
        model.Graph.Node[0].Output[0] = "raw";
        model.Graph.Initializer.Add(TensorData.Create("W", [1f, -0.5f, 0.2f, 0.3f, 0.8f, -1, -0.6f, 0.1f, 1.2f], 3, 3));
        model.Graph.Node.Insert(1, new NodeProto { OpType = "MatMul", Input = { "raw", "W" }, Output = { "rows" } });
        model.Graph.Node[^1].Output[0] = model.Graph.Output[0].Name = "text";
        model.Graph.Output.Add(ValueInfo.Create("slots", ElementType.Float32, "N", "T", MaskedSum.Classes));
        model.Graph.Node.Add(new NodeProto { OpType = "Identity", Input = { "rows" }, Output = { "slots" } });
        File.WriteAllBytes(folder["joint.onnx"], model.ToByteArray());
        var recipe = folder.Write("joint.yaml", $$"""
            name: heads
            data: { transfer: { samples: {{folder["texts.npz"]}} }, test: { samples: {{folder["texts.npz"]}} } }
            teachers: [ { model: {{folder["joint.onnx"]}}, output: {{first}}, kind: classes, outputs: { {{second}}: { tensor: {{second}}, kind: classes } } } ]
            student: { model: {{folder["joint.onnx"]}}, init: fresh, output: {{first}}, outputs: { {{second}}: {{second}} } }
            objective: [ soft: { teacher: logits, temperature: 2 }, soft: { teacher: {{second}}, temperature: 2 } ]
            training: { epochs: 60, batch-size: 20, optimizer: { name: adam, learning-rate: 0.1 } }
            """);

        Cli.Done("run", recipe, "--runs", folder["runs"], "--threads", "1");

        (string, Array)[] fed = [("ids", ids), ("mask", mask)];
        float[] Of(string model, string output) => ModelRun.Of(model, output, Texts, fed);
        var figures = Student();
        var slots = Of(StudentFile, "slots").Chunk(3).Zip(Of(folder["joint.onnx"], "slots").Chunk(3), ModelRun.Agree).Where((_, i) => mask[i] == 1).Average();
        var texts = ModelRun.Agreement(Of(StudentFile, "text"), Of(folder["joint.onnx"], "text"), 3);
        var others = figures.GetProperty("outputs").GetProperty(second).GetProperty("agreement").GetDouble();
        Assert.Equal(first == "slots" ? slots : texts, figures.GetProperty("agreement").GetDouble(), 6);
        Assert.Equal(first == "slots" ? texts : slots, others, 6);
        Assert.InRange(slots, 0.97, 1);
        Assert.InRange(texts, 0.9, 1);
    }

    [Fact]
    public void Student_OfOutputsOfDifferentKinds_LearnsEachByItsKind()
    {
        var recipe = folder["mixed.yaml"];
        File.WriteAllText(recipe, $$"""
            name: heads
            data: { transfer: { samples: {{Samples}} }, test: { samples: {{Samples}} } }
            teachers:
              - { model: {{Mixed()}}, output: class, outputs: { price: { tensor: price, kind: values }, place: { tensor: place }, tags: tags } }
            student: { architecture: mlp, widths: [64], outputs: [price, place, tags], preprocessing: none }
            training: { epochs: 60, batch-size: 32 }
            """);

        Cli.Done("run", recipe, "--runs", folder["runs"], "--threads", "1");

        var (own, taught) = (Run(StudentFile, "price", 1), Run(folder["mixed.onnx"], "price", 1));
        var explained = 1 - own.Zip(taught, (z, v) => Math.Pow(z - v, 2)).Sum() / taught.Sum(v => Math.Pow(v - taught.Average(), 2));
        var cosine = Run(StudentFile, "place", 4).Chunk(4).Zip(Run(folder["mixed.onnx"], "place", 4).Chunk(4), (a, b) => a.Zip(b, (x, y) => x * y).Sum()).Average();
        var decisions = Run(StudentFile, "tags", 3).Zip(Run(folder["mixed.onnx"], "tags", 3), (q, p) => q > 0.5 == p > 0.5 ? 1.0 : 0).Average();
        var outputs = Student().GetProperty("outputs");
        Assert.Equal(["class", "price", "place", "tags"], OnnxModel.Load(StudentFile).Proto.Graph.Output.Select(output => output.Name));
        Assert.All(Run(StudentFile, "class", 3).Chunk(3), row => Assert.Equal(1, row.Sum(), 5)); // the student ends in the teacher's softmax
        Assert.Equal(explained, outputs.GetProperty("price").GetProperty("r_squared").GetDouble(), 4);
        Assert.Equal(cosine, outputs.GetProperty("place").GetProperty("cosine").GetDouble(), 4);
        Assert.Equal(decisions, outputs.GetProperty("tags").GetProperty("agreement").GetDouble(), 6);
        Assert.InRange(explained, 0.98, 1);
        Assert.InRange(cosine, 0.97, 1);
        Assert.InRange(decisions, 0.97, 1);
    }

    /// <summary>Two teachers and a training beside the student's own give what its agreement is not about: they are listed, and not compared.</summary>
    [Fact]
    public void Student_OfTeachersOfDifferentKinds_LearnsEachByItsKind()
    {
        var recipe = folder["kinds.yaml"];
        File.WriteAllText(recipe, $$"""
            name: heads
            data: { transfer: { samples: {{Samples}} }, test: { samples: {{Samples}} } }
            teachers:
              - { model: {{Mixed()}}, name: class, output: class }
              - { model: {{folder["mixed.onnx"]}}, name: price, output: price, kind: values }
              - { model: {{folder["mixed.onnx"]}}, name: place, output: place, kind: embedding }
            capture: { combination: none }
            objective: [soft: { teacher: class }, mse: { teacher: price }, cosine: { teacher: place }]
            student: { architecture: mlp, widths: [64], outputs: [price, place], preprocessing: none }
            training: { epochs: 60, batch-size: 32, optimizer: { name: adamw, learning-rate: 0.003 } }
            stages:
              other:
                train:
                  teachers: [{ model: {{folder["mixed.onnx"]}}, output: price, kind: values }]
                  capture: { combination: mean-of-probabilities }
                  student: { architecture: mlp, widths: [64], preprocessing: none }
                  objective: [mse: {}]
              student: { train: {} }
            """);

        Cli.Done("run", recipe, "--runs", folder["runs"], "--threads", "1");

        var models = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["runs"], "heads", "metrics.json"))).RootElement.GetProperty("models").EnumerateArray().ToDictionary(model => model.GetProperty("role").GetString()!);
        var (own, taught) = (Run(StudentFile, "price", 1), Run(folder["mixed.onnx"], "price", 1));
        var explained = 1 - own.Zip(taught, (z, v) => Math.Pow(z - v, 2)).Sum() / taught.Sum(v => Math.Pow(v - taught.Average(), 2));
        var cosine = Run(StudentFile, "place", 4).Chunk(4).Zip(Run(folder["mixed.onnx"], "place", 4).Chunk(4), (a, b) => Cosine(a, b)).Average();
        var outputs = models["student"].GetProperty("outputs");
        Assert.InRange(explained, 0.95, 1);
        Assert.Equal(explained, outputs.GetProperty("price").GetProperty("r_squared").GetDouble(), 4);
        Assert.Equal(cosine, outputs.GetProperty("place").GetProperty("cosine").GetDouble(), 4);
        Assert.Equal(new FileInfo(folder["mixed.onnx"]).Length, models["teacher"].GetProperty("file_bytes").GetInt64()); // the first alone
        Assert.InRange(models["student"].GetProperty("agreement").GetDouble(), 0.9, 1);
        Assert.False(models["teacher 2"].TryGetProperty("r_squared", out _));
        Assert.False(models["other"].TryGetProperty("r_squared", out _));
        Assert.InRange(models["other"].GetProperty("transfer").GetProperty("r_squared").GetDouble(), 0.95, 1);

        static double Cosine(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));
    }

    /// <summary>A weight of next to nothing leaves the second output as it was drawn, and the first one learns.</summary>
    [Theory]
    [InlineData(", test: { samples: X }")]
    [InlineData("")]
    public void Output_ThatLearnsNothing_EndsTheRunWithExitCode4(string test)
    {
        var recipe = folder["mixed.yaml"];
        File.WriteAllText(recipe, $$"""
            name: heads
            data: { transfer: { samples: {{Samples}} }{{test.Replace("X", Samples)}} }
            teachers: [{ model: {{Mixed()}}, output: class, outputs: { price: { tensor: price, kind: values } } }]
            student: { architecture: mlp, widths: [64], outputs: [price], preprocessing: none }
            objective: [soft: { teacher: logits }, mse: { teacher: price, weight: 1.0e-12 }]
            training: { epochs: 20, batch-size: 32, optimizer: { name: adamw, learning-rate: 0.003 } }
            """);

        var run = Cli.Run("run", recipe, "--runs", folder["runs"], "--threads", "1");

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("The student has not learned every output.", run.Error);
        Assert.Contains("output 'price': no better than always saying the mean", run.Error);
        Assert.Contains("more weight", run.Error);
        Assert.Contains("output 'price': no better than", run.Output);
        Assert.False(Student().TryGetProperty("collapse", out _));
        Assert.Contains("no better than", Student().GetProperty("outputs").GetProperty("price").GetProperty("collapse").GetString());
        Assert.Contains("The student has not learned output 'price'", File.ReadAllText(Path.Combine(folder["runs"], "heads", "report.html")));
        Assert.Equal(4, Cli.Run("run", recipe, "--runs", folder["runs"], "--threads", "1").ExitCode); // all of it is done already
    }

    [Fact]
    public void Outputs_WithoutATestSet_HaveTheFiguresOfTheTransferSet()
    {
        var run = Cli.Done("run", Recipe("{ architecture: mlp, widths: [64], outputs: [gender] }", TwoTerms, epochs: 40, test: ""), "--runs", folder["runs"], "--threads", "1");

        var figures = Student().GetProperty("outputs").GetProperty("gender").GetProperty("transfer");
        Assert.Equal(Agreement("gender", 2), figures.GetProperty("agreement").GetDouble(), 6);
        Assert.Contains("output 'gender':", run.Output);
        Assert.Contains("student, output gender", File.ReadAllText(Path.Combine(folder["runs"], "heads", "report.html")));
    }

    [Fact]
    public void Outputs_OfEachEpoch_AreMeasuredOnTheValidationSet()
    {
        var run = Cli.Done(
            "run", Recipe("{ architecture: mlp, widths: [64], outputs: [gender] }", TwoTerms, epochs: 8, validation: $", validation: {{ samples: {Samples} }}"),
            "--runs", folder["runs"], "--threads", "1");

        var home = Path.Combine(folder["runs"], "heads");
        var last = JsonDocument.Parse(File.ReadLines(Path.Combine(home, "events", "student.jsonl")).Last()).RootElement;
        Assert.Equal(Agreement("age", 5), last.GetProperty("agreement").GetDouble(), 6);
        Assert.Equal(Agreement("gender", 2), last.GetProperty("outputs").GetProperty("gender").GetProperty("agreement").GetDouble(), 6);
        Assert.Contains("gender: agreement", run.Error);
        Assert.Contains("validation agreement of gender", File.ReadAllText(Path.Combine(home, "report.html")));
        Assert.Contains(
            Directory.GetFiles(home, "events.out.tfevents*", SearchOption.AllDirectories), file => File.ReadAllText(file).Contains("validation/gender/agreement"));
    }

    [Fact]
    public void Student_OfTwoOutputs_IsReadFromItsOwnMetadata()
    {
        Cli.Done("run", Recipe("{ architecture: mlp, widths: [64], outputs: [gender] }", TwoTerms, epochs: 40), "--runs", folder["runs"], "--threads", "1");

        var inspected = Cli.Done("inspect", StudentFile).Output;
        Assert.Contains("age: classes, learned from 'logits': its metadata say so", inspected);
        Assert.Contains("gender: classes, learned from 'gender'", inspected);
        Assert.Contains("teacher:    yes: 5 classes", inspected);
        Assert.Contains("student:    yes", inspected);

        Assert.Contains("output 'gender' verified in ONNX Runtime on", Cli.Done("verify", "--model", StudentFile, "--samples", Samples).Output);

        var figures = Evaluate();
        Assert.Equal(Agreement("age", 5), figures.GetProperty("agreement").GetDouble(), 6);
        Assert.Equal(Agreement("gender", 2), figures.GetProperty("outputs").GetProperty("gender").GetProperty("agreement").GetDouble(), 6);
        var labelled = Evaluate("--output", "age", "--labels", Field("y3.npy"));
        Assert.False(labelled.TryGetProperty("outputs", out _));
        Assert.True(labelled.TryGetProperty("accuracy", out _));

        JsonElement Evaluate(params string[] more) => JsonDocument.Parse(Cli.Done(
            ["evaluate", "--model", StudentFile, "--samples", Samples, .. more.Length > 0 ? more : ["--teacher", Field("heads.onnx")], "--json"]).Output)
            .RootElement.GetProperty("models")[0];
    }

    [Theory]
    [InlineData("outputs: [gendr]", TwoTerms, "did you mean 'gender'")]
    [InlineData("outputs: [gender]", "\n  - soft: { teacher: logits }", "no term that reads 'gender'")]
    [InlineData("outputs: [gender]", TwoTerms + "\n  - hard: { student: gender }", "labels of a set are for the student's first output")]
    [InlineData("outputs: [gender]", "\n  - soft: { teacher: logits }\n  - soft: { teacher: logits, student: gender }", "differ in their number of classes")]
    public void Output_ThatCannotLearn_IsRefused(string outputs, string objective, string expected)
    {
        var labels = objective.Contains("hard") ? $", labels: {Field("y3.npy")}" : "";
        Assert.Contains(expected, Cli.Fails(2, "run", Recipe($"{{ architecture: mlp, widths: [8], {outputs} }}", objective, 1, labels), "--runs", folder["runs"], "--threads", "1"));
    }

    /// <summary>Known from what the teacher's file declares, before it runs.</summary>
    [Fact]
    public void TeachersOutput_WithoutOneOfTheStudent_IsRefusedWithTheLineToAdd()
    {
        var error = Cli.Fails(2, "run", Recipe("{ architecture: mlp, widths: [8] }", TwoTerms, 1), "--runs", folder["runs"], "--threads", "1");
        Assert.Contains("add 'outputs: [gender]' under student", error);
        Assert.DoesNotContain("cache: started", error);

        File.WriteAllText(folder["open.yaml"], $$"""
            name: heads
            data: { transfer: { samples: {{Samples}} } }
            teachers: [{ model: {{Field("heads.onnx")}}, output: age, kind: classes, outputs: [gender] }]
            student: { architecture: mlp, widths: [8] }
            training: { epochs: 1, batch-size: 32, optimizer: { learning-rate: 0.1 } }
            """);
        Assert.Contains("add 'outputs: [gender]' under student", Cli.Fails(2, "run", folder["open.yaml"], "--runs", folder["runs"], "--threads", "1"));
    }

    /// <summary>The term for values found the student's class scores, and said to use another term: what was missing is an output.</summary>
    [Fact]
    public void TeachersOutputOfAnotherKind_WithoutOneOfTheStudent_IsRefusedWithTheLineToAdd()
    {
        File.WriteAllText(folder["mixed.yaml"], $$"""
            name: heads
            data: { transfer: { samples: {{Samples}} } }
            teachers: [{ model: {{Mixed()}}, output: class, outputs: { price: { tensor: price, kind: values } } }]
            student: { architecture: mlp, widths: [8] }
            objective: [soft: { teacher: logits }, mse: { teacher: price }]
            training: { epochs: 1, batch-size: 32, optimizer: { learning-rate: 0.1 } }
            """);
        Assert.Contains("add 'outputs: [price]' under student", Cli.Fails(2, "run", folder["mixed.yaml"], "--runs", folder["runs"], "--threads", "1"));
    }

    /// <summary>On a few samples and for one epoch.</summary>
    [Fact]
    public void Recipe_ThatShips_LearnsClassesAndAnEmbedding()
    {
        Cli.Run(
            "run", Path.Combine(Repository.Root, "recipes", "two-outputs.yaml"), "--name", "heads", "--runs", folder["runs"], "--threads", "1", "--epochs", "1",
            "--set", "data.transfer.rows=0..1500", "--set", "data.test.rows=0..200");

        Assert.Equal(["logits", "embedding"], OnnxModel.Load(StudentFile).Proto.Graph.Output.Select(output => output.Name));
        Assert.InRange(Student().GetProperty("agreement").GetDouble(), 0.12, 1); // chance is a tenth
        Assert.InRange(Student().GetProperty("outputs").GetProperty("embedding").GetProperty("cosine").GetDouble(), 0.5, 1);
        Assert.Contains("recipes/two-outputs.yaml", File.ReadAllText(Path.Combine(Repository.Root, "docs", "teachers.md")));
    }

    private string StudentFile => Path.Combine(folder["runs"], "heads", "student.onnx");

    private static string Samples => Field("x.npy");

    private static string Field(string file) => Repository.Field("multihead-classes", file);

    private string Recipe(string student, string objective, int epochs, string labels = "", string? test = null, string validation = "")
    {
        var path = folder["heads.yaml"];
        File.WriteAllText(path, $$"""
            name: heads
            data: { transfer: { samples: {{Samples}}{{labels}} }{{test ?? $", test: {{ samples: {Samples} }}"}}{{validation}} }
            teachers: [{ model: {{Field("heads.onnx")}}, output: age, kind: classes, outputs: [gender] }]
            student: {{student.Replace("HEADS", Field("heads.onnx"))}}
            objective:{{objective}}
            training: { epochs: {{epochs}}, batch-size: 32, optimizer: { name: sgd, learning-rate: 0.2, momentum: 0.9 } }
            """);
        return path;
    }

    private JsonElement Student()
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["runs"], "heads", "metrics.json")));
        return metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student").Clone();
    }

    private double Agreement(string output, int classes) => Run(StudentFile, output, classes).Chunk(classes)
        .Zip(Run(Field("heads.onnx"), output, classes).Chunk(classes), (z, v) => Array.IndexOf(z, z.Max()) == Array.IndexOf(v, v.Max()) ? 1.0 : 0).Average();

    /// <summary>A layer for each of four outputs over one body: classes behind a softmax, a value, a vector of length 1, labels behind a sigmoid.</summary>
    private string Mixed()
    {
        (string Name, int Columns, string Last)[] outputs = [("class", 3, "Softmax"), ("price", 1, "Identity"), ("place", 4, "LpNormalization"), ("tags", 3, "Sigmoid")];
        var graph = new GraphProto { Name = "mixed", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 8) } };
        foreach (var (name, columns, last) in outputs)
        {
            float[] weights = [.. Enumerable.Range(0, 8 * columns).Select(i => (float)Math.Sin(1.7 * i + columns + name.Length))];
            graph.Initializer.Add(TensorData.Create($"{name}.w", weights, 8, columns));
            graph.Node.Add(new NodeProto { OpType = "MatMul", Input = { "x", $"{name}.w" }, Output = { $"{name}.raw" } });
            graph.Node.Add(new NodeProto { OpType = last, Input = { $"{name}.raw" }, Output = { name } });
            graph.Output.Add(ValueInfo.Create(name, ElementType.Float32, "N", columns));
        }

        File.WriteAllBytes(folder["mixed.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
        return folder["mixed.onnx"];
    }

    private static double[] Run(string model, string tensor, int columns)
    {
        using var set = TransferSet.Open(new() { Samples = Samples });
        using var session = OnnxClassifier.Open(
            OnnxModel.Load(model), set.SampleShape, [new() { Tensor = tensor, IsFeature = true }], new() { Device = "cpu", Threads = 1 });
        var (values, given) = (new float[set.Count * set.SampleElements], new float[set.Count * columns]);
        new SampleReader(set, Preprocessing.None, Augmentation.None, 0).Read([.. Enumerable.Range(0, (int)set.Count).Select(i => (long)i)], 0, values);
        session.Run(values, (int)set.Count, given);
        return [.. given.Select(value => (double)value)];
    }

    /// <summary>Texts of 1 to all tokens, left-padded every other time, beside the masked sum's teacher.</summary>
    private string MaskedTexts(int texts, int length, out long[] ids, out long[] mask)
    {
        (ids, mask) = (new long[texts * length], new long[texts * length]);
        for (var i = 0; i < ids.Length; i++)
        {
            var (text, position) = (i / length, i % length);
            var count = 1 + text * 7 % length;
            mask[i] = (text % 2 == 0 ? position < count : position >= length - count) ? 1 : 0;
            ids[i] = mask[i] * (1 + (text * 5 + position * 3 + text / 8) % (MaskedSum.Known - 1));
        }

        Npy.Write(folder["ids.npy"], ids, texts, length);
        Npy.Write(folder["mask.npy"], mask, texts, length);
        using (var archive = System.IO.Compression.ZipFile.Open(folder["texts.npz"], System.IO.Compression.ZipArchiveMode.Create))
            foreach (var name in new[] { "ids", "mask" })
                System.IO.Compression.ZipFileExtensions.CreateEntryFromFile(archive, folder[$"{name}.npy"], $"{name}.npy", System.IO.Compression.CompressionLevel.NoCompression);
        MaskedSum.Write(folder["masked.onnx"]);
        return folder["masked.onnx"];
    }
}
