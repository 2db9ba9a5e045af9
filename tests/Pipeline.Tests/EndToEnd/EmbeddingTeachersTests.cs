using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Embeddings as people have them: of tokens that are to become one for a text, and of pictures that the teacher wants larger and in another order.</summary>
public sealed class EmbeddingTeachersTests : IDisposable
{
    private const int Samples = 120;
    private const int Tokens = 6;
    private const int Words = 12;
    private const int Columns = 5;

    private static readonly float[] table = [.. Enumerable.Range(0, Words * Columns).Select(i => (float)Math.Sin(1 + i * i % 53))];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Pooling_MakesOneEmbeddingOfATextsTokens_AndLabelsTellWhatIsFoundByIt()
    {
        var (ids, masks, labels) = Texts();
        Npy.Write(folder["ids.npy"], ids, Samples, Tokens);
        Npy.Write(folder["mask.npy"], masks, Samples, Tokens);
        Npy.Write(folder["labels.npy"], [.. labels.Select(label => (long)label)], Samples);
        WriteEncoder(folder["encoder.onnx"]);
        folder.Write("recipe.yaml", """
            name: run
            data:
              transfer: { inputs: { ids: ids.npy, mask: mask.npy } }
              test: { inputs: { ids: ids.npy, mask: mask.npy }, labels: labels.npy }
            teachers: [ { model: encoder.onnx, pooling: mean } ]
            student: { architecture: transformer, width: 32, depth: 1, heads: 2 }
            objective: [ cosine: {} ]
            training: { epochs: 60, batch-size: 20, optimizer: { name: adamw, learning-rate: 0.01 }, schedule: { name: one-cycle } }
            """);

        var run = Cli.Done("run", folder["recipe.yaml"], "--runs", folder.Path, "--threads", "1", "--json");

        Assert.Contains("keeps its own output: it does not give what encoder.onnx gives", run.Error);
        var (teacher, student) = (Figures.Of(run, "teacher"), Figures.Of(run, "student"));
        Assert.Equal(Retrieved(ids, masks, labels), teacher.GetProperty("retrieval").GetDouble(), 12);
        Assert.InRange(student.GetProperty("cosine").GetDouble(), 0.95, 1);
        Assert.InRange(student.GetProperty("retrieval").GetDouble(), teacher.GetProperty("retrieval").GetDouble() - 0.1, 1);
        var report = Cli.Done("report", folder["run"]).Output;
        Assert.Contains("recall@1", report);
        Assert.Equal([Samples, Columns], Outputs(folder["run/student.onnx"], ids, masks));
    }

    /// <summary>The same words as for a run's teacher, of models that are measured by themselves: one that gives states of tokens, beside a student that gives a row for a text.</summary>
    [Fact]
    public void Evaluate_WithPooling_MeasuresAnEncoderAsARunDoes()
    {
        var (ids, masks, labels) = Texts();
        Npy.Write(folder["ids.npy"], ids, Samples, Tokens);
        Npy.Write(folder["mask.npy"], masks, Samples, Tokens);
        Npy.Write(folder["labels.npy"], [.. labels.Select(label => (long)label)], Samples);
        WriteEncoder(folder["encoder.onnx"], withTypes: true);
        string[] samples = ["--set", $"data.transfer.inputs={{ ids: {folder["ids.npy"]}, mask: {folder["mask.npy"]} }}"];
        string[] types = ["--set", "teachers.0.inputs.types=zeros"];
        Cli.Done([
            "run", "--runs", folder.Path, "--name", "run", "--teacher", folder["encoder.onnx"], "--pooling", "mean", .. samples, .. types,
            "--architecture", "transformer", "--set", "student.vocabulary=12", "--set", "student.width=16", "--set", "student.heads=2", "--set", "student.depth=1", "--epochs", "20", "--no-baseline", "--threads", "1",
        ]);
        var student = folder["run/student.onnx"];

        var alone = Evaluate(["--model", folder["encoder.onnx"], "--model", student, "--pooling", "mean", "--labels", folder["labels.npy"], "--set", "student.inputs.types=zeros"]);
        var taught = Evaluate(["--model", student, "--teacher", folder["encoder.onnx"], "--pooling", "mean", .. types]);

        Assert.Equal(Retrieved(ids, masks, labels), alone[0].GetProperty("retrieval").GetDouble(), 12);
        Assert.InRange(taught[0].GetProperty("cosine").GetDouble(), 0.9, 1);
        // The student has the teacher's inputs, and its file says what is no sample.
        Assert.Equal(["ids", "mask", "types"], OnnxModel.Load(student).Proto.Graph.Input.Select(input => input.Name));
        Cli.Done(["verify", "--model", student, .. samples]);
        Assert.Contains("--set student.inputs.types=zeros", Cli.Fails(2, ["verify", "--model", folder["encoder.onnx"], .. samples]));
        Assert.Contains("--pooling mean", Cli.Fails(2, ["evaluate", "--model", folder["encoder.onnx"], .. samples, "--set", "student.inputs.types=zeros"]));
        Assert.Contains("one of mean, first", Cli.Fails(2, ["evaluate", "--model", folder["encoder.onnx"], .. samples, "--pooling", "median"]));

        JsonElement[] Evaluate(string[] words) =>
            [.. JsonDocument.Parse(Cli.Done(["evaluate", .. words, .. samples, "--json"]).Output).RootElement.GetProperty("models").EnumerateArray()];
    }

    /// <summary>A mask that the model does not read would be left out of account in silence.</summary>
    [Theory]
    [InlineData("pooling: mean, inputs: { mask: 1 }", "feeds no input of the model")]
    [InlineData("pooling: mean, class-axis: 1, inputs: { mask: mask }", "remove class-axis")]
    [InlineData("", "pooling: mean")] // what to add is named
    [InlineData("pooling: mean", "sample 3, input 'mask'", 3)]
    public void Pooling_ThatWouldMeanSomethingElse_IsRefused(string settings, string expected, int? empty = null)
    {
        var (ids, masks, _) = Texts();
        if (empty is { } row)
            Array.Clear(masks, row * Tokens, Tokens);
        Npy.Write(folder["ids.npy"], ids, Samples, Tokens);
        Npy.Write(folder["mask.npy"], masks, Samples, Tokens);
        WriteEncoder(folder["encoder.onnx"]);
        var recipe = folder.Write("recipe.yaml", $$"""
            name: run
            data: { transfer: { inputs: { ids: ids.npy, mask: mask.npy } } }
            teachers: [ { model: encoder.onnx{{(settings.Length > 0 ? $", {settings}" : "")}} } ]
            student: { architecture: transformer, width: 32, depth: 1, heads: 2 }
            training: { epochs: 1 }
            """);
        Assert.Contains(expected, Cli.Fails(2, "cache", recipe, "--runs", folder.Path));
    }

    /// <summary>Which person it is: there are more of them than numbers in an embedding, whose kind its values tell.</summary>
    [Fact]
    public void Labels_OfAnEmbedding_AreNoClassesOfIt()
    {
        var random = new Random(6);
        float[] rows = [.. Enumerable.Range(0, 60 * 3).Select(_ => (float)(random.NextDouble() - 0.5))];
        Npy.Write(folder["x.npy"], rows, 60, 3);
        Npy.Write(folder["persons.npy"], [.. Enumerable.Range(0, 60).Select(i => (long)(i / 2))], 60);
        var graph = new GraphProto { Name = "unit", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 3) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 3) }, Node = { new NodeProto { OpType = "LpNormalization", Input = { "x" }, Output = { "y" } } } };
        File.WriteAllBytes(folder["unit.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
        string[] line = ["run", "--runs", folder.Path, "--name", "p", "--teacher", folder["unit.onnx"], "--samples", folder["x.npy"], "--test-samples", folder["x.npy"], "--architecture", "mlp", "--epochs", "60", "--batch-size", "10", "--lr", "0.01", "--threads", "1", "--no-baseline", "--json"];
        Assert.InRange(Figures.Of(Cli.Done([.. line, "--test-labels", folder["persons.npy"]]), "teacher").GetProperty("retrieval").GetDouble(), 0, 1);
    }

    [Fact]
    public void Groups_AreReadFromTheTable_AndRefusedWhereNothingIsSought()
    {
        var random = new Random(5);
        folder.Write("test.csv", "a,b,c,person,camera\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{random.NextDouble():0.###},{random.NextDouble():0.###},{i % 4},{i % 4},{i / 20}\n")));
        string Recipe(string model, string more) => folder.Write("groups.yaml", $$"""
            name: groups
            data:
              transfer: { samples: test.csv, labels: test.csv, labels-key: person, groups: test.csv, groups-key: camera }
              test: { samples: test.csv, labels: test.csv, labels-key: person, groups: test.csv, groups-key: camera }
            teachers: [ { model: {{model}}{{more}} } ]
            student: { architecture: mlp, widths: [8] }
            training: { epochs: 60, batch-size: 10, optimizer: { name: adam, learning-rate: 0.01 } }
            """);
        var graph = new GraphProto { Name = "same", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 3) }, Output = { ValueInfo.Create("y", ElementType.Float32, "N", 3) }, Node = { new NodeProto { OpType = "Relu", Input = { "x" }, Output = { "y" } } } };
        File.WriteAllBytes(folder["same.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());

        var run = Cli.Done("run", Recipe("same.onnx", ", kind: embedding"), "--runs", folder.Path, "--threads", "1", "--json");

        // The third column alone tells persons apart.
        Assert.InRange(Figures.Of(run, "teacher").GetProperty("retrieval").GetDouble(), 0.7, 1);
        foreach (var command in new[] { "plan", "run" })
        {
            Assert.Contains("remove groups", Cli.Fails(2, command, Recipe("same.onnx", ", kind: values"), "--runs", folder.Path, "--threads", "1"));
            Assert.Contains("It is not clear what the model's output holds", Cli.Fails(2, command, Recipe("same.onnx", ""), "--runs", folder.Path, "--threads", "1"));
        }
    }

    /// <summary>What a student of it gives has the columns that are kept.</summary>
    [Fact]
    public void Pca_OfPooledTokens_TeachesNarrowerEmbeddings()
    {
        var (ids, masks, labels) = Texts();
        Npy.Write(folder["ids.npy"], ids, Samples, Tokens);
        Npy.Write(folder["mask.npy"], masks, Samples, Tokens);
        Npy.Write(folder["labels.npy"], [.. labels.Select(label => (long)label)], Samples);
        WriteEncoder(folder["encoder.onnx"]);
        string Recipe(string teacher) => folder.Write("recipe.yaml", $$"""
            name: run
            data:
              transfer: { inputs: { ids: ids.npy, mask: mask.npy } }
              test: { inputs: { ids: ids.npy, mask: mask.npy }, labels: labels.npy }
            teachers: [ {{teacher}} ]
            student: { architecture: transformer, width: 32, depth: 1, heads: 2 }
            objective: [ cosine: {} ]
            training: { epochs: 60, batch-size: 20, optimizer: { name: adamw, learning-rate: 0.01 }, schedule: { name: one-cycle } }
            """);
        var made = Cli.Done("pca", Recipe("{ model: encoder.onnx, pooling: mean }"), "--columns", "4", "-o", folder["narrow.onnx"], "--json");

        var run = Cli.Done("run", Recipe("{ model: narrow.onnx, kind: embedding }"), "--runs", folder.Path, "--threads", "1", "--json");

        Assert.InRange(JsonDocument.Parse(made.Output).RootElement.GetProperty("share").GetDouble(), 0.8, 1);
        Assert.InRange(Figures.Of(run, "teacher").GetProperty("retrieval").GetDouble(), Retrieved(ids, masks, labels) - 0.1, 1);
        Assert.InRange(Figures.Of(run, "student").GetProperty("cosine").GetDouble(), 0.95, 1);
        Assert.Equal([Samples, 4], Outputs(folder["run/student.onnx"], ids, masks));
    }

    [Fact]
    public void Join_ResizesBeforeTheTeacher()
    {
        var teacher = Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx");

        var done = Cli.Done("join", "--resize", "28,28", teacher, "-o", folder["joined.onnx"], "--json");

        Assert.Equal(new FileInfo(folder["joined.onnx"]).Length, JsonDocument.Parse(done.Output).RootElement.GetProperty("bytes").GetInt64());
        // Each pixel four times is nearly the same picture to it; only what lies between pixels is smoothed.
        var pictures = MnistPictures.Write(folder["small.npy"], 40);
        using var small = Core.TransferSets.TransferSet.Open(new() { Samples = pictures });
        var values = new float[40 * 28 * 28];
        small.Read([.. Enumerable.Range(0, 40).Select(i => (long)i)], values);
        Npy.Write(folder["large.npy"], [.. Enumerable.Range(0, 40 * 56 * 56).Select(i => (byte)values[i / (56 * 56) * 28 * 28 + i / 56 % 56 / 2 * 28 + i % 56 / 2])], 40, 56, 56);
        Cli.Done("cache", "--teacher", folder["joined.onnx"], "--samples", folder["large.npy"], "--scale", "1/255", "--runs", folder.Path, "--name", "large");
        Cli.Done("cache", "--teacher", teacher, "--samples", pictures, "--scale", "1/255", "--runs", folder.Path, "--name", "small");
        Assert.InRange(Tops(folder["large"]).Zip(Tops(folder["small"])).Count(pair => pair.First == pair.Second), 38, 40);
    }

    [Fact]
    public void Join_OfWhatDoesNotFit_IsRefused()
    {
        var teacher = Path.Combine(Repository.Root, "models", "mnist-cnn-1.onnx");
        WriteEncoder(folder["encoder.onnx"]);
        Assert.Contains("nothing to join", Refused(teacher));
        Assert.Contains("height and width", Refused("--resize", "28", teacher));
        Assert.Contains("height and width", Refused("--resize", "0,28", teacher));
        Assert.Contains("[N, 28, 30]", Refused("--resize", "28,30", teacher));
        Assert.Contains("is not what the next one takes", Refused(teacher, teacher));
        Assert.Contains("It is not clear which input comes first", Refused("--resize", "28,28", folder["encoder.onnx"]));
        Assert.Contains("Only pictures of floats", Refused("--reverse-channels", teacher));
        File.Copy(teacher, folder["joined.onnx"]);
        Assert.Contains("would replace", Cli.Fails(2, "join", "--resize", "28,28", folder["joined.onnx"], "-o", folder["joined.onnx"]));

        string Refused(params string[] words)
        {
            var error = Cli.Fails(2, ["join", .. words, "-o", folder["joined.onnx"]]);
            Assert.False(File.Exists(folder["joined.onnx"]));
            return error;
        }
    }

    private int[] Tops(string cache)
    {
        using var logits = Core.LogitCaches.LogitCache.Open(Directory.GetDirectories(cache, "cache-*").Single());
        var values = new float[40 * logits.Streams[0].Values];
        logits.Read(logits.Streams[0], [.. Enumerable.Range(0, 40).Select(i => (long)i)], view: 0, values);
        return [.. values.Chunk(10).Select(row => Array.IndexOf(row, row.Max()))];
    }

    /// <summary>Each text is mostly of the words of its label, and the words behind its mask are of another one.</summary>
    private static (long[] Ids, long[] Masks, int[] Labels) Texts()
    {
        var (random, ids, masks, labels) = (new Random(3), new List<long>(), new List<long>(), new List<int>());
        for (var i = 0; i < Samples; i++)
        {
            var (label, length) = (i % 4, 2 + random.Next(Tokens - 2));
            labels.Add(label);
            for (var t = 0; t < Tokens; t++)
            {
                masks.Add(t < length ? 1 : 0);
                ids.Add(t < length && random.Next(4) > 0 ? 3 * label + random.Next(3) : random.Next(Words));
            }
        }
        return ([.. ids], [.. masks], [.. labels]);
    }

    private static double Retrieved(long[] ids, long[] masks, int[] labels)
    {
        double[][] embeddings =
        [
            .. Enumerable.Range(0, Samples).Select(i => Enumerable.Range(0, Columns)
                .Select(c => Enumerable.Range(i * Tokens, Tokens).Where(t => masks[t] == 1).Average(t => (double)table[ids[t] * Columns + c])).ToArray()),
        ];
        return Enumerable.Range(0, Samples).Average(i => labels[Enumerable.Range(0, Samples).Where(j => j != i).MaxBy(j => Cosine(embeddings[i], embeddings[j]))] == labels[i] ? 1.0 : 0);

        static double Cosine(double[] a, double[] b) => a.Zip(b).Sum(pair => pair.First * pair.Second) / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));
    }

    private static int[] Outputs(string model, long[] ids, long[] masks)
    {
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(model);
        using var run = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var first = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(ids, [Samples, Tokens]);
        using var second = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(masks, [Samples, Tokens]);
        using var results = session.Run(run, ["ids", "mask"], [first, second], [session.OutputNames[0]]);
        return [.. results[0].GetTensorTypeAndShape().Shape.Select(size => (int)size)];
    }

    private static void WriteEncoder(string path, bool withTypes = false)
    {
        var graph = new GraphProto
        {
            Name = "encoder",
            Input = { ValueInfo.Create("ids", ElementType.Int64, "N", "T"), ValueInfo.Create("mask", ElementType.Int64, "N", "T") },
            Output = { ValueInfo.Create("last_hidden_state", ElementType.Float32, "N", "T", Columns) },
            Initializer = { TensorData.Create("table", table, Words, Columns), TensorData.Create("last", [2L], 1), TensorData.Create("zero", [0f], 1) },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "table", "ids" }, Output = { "rows" } },
                // What it says of padding is what it says of the words there: it must not count.
                new NodeProto { OpType = "Cast", Input = { "mask" }, Output = { "floats" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
                new NodeProto { OpType = "Unsqueeze", Input = { "floats", "last" }, Output = { "column" } },
                new NodeProto { OpType = "Mul", Input = { "column", "zero" }, Output = { "nothing" } },
                new NodeProto { OpType = "Add", Input = { "rows", "nothing" }, Output = { "last_hidden_state" } },
            },
        };
        if (withTypes) // numbers that are added to all states
        {
            graph.Input.Add(ValueInfo.Create("types", ElementType.Int64, "N", "T"));
            graph.Node[0].Output[0] = "words";
            graph.Node.Insert(1, new NodeProto { OpType = "Cast", Input = { "types" }, Output = { "shift" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } });
            graph.Node.Insert(2, new NodeProto { OpType = "Unsqueeze", Input = { "shift", "last" }, Output = { "shifts" } });
            graph.Node.Insert(3, new NodeProto { OpType = "Add", Input = { "words", "shifts" }, Output = { "rows" } });
        }
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }
}
