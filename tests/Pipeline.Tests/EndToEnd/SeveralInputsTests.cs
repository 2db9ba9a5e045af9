using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>
/// Models with several inputs, as people bring them: each teaches from its file as it is, and its student runs where it ran. Both are run here by ONNX
/// Runtime itself, with an input for each of theirs.
/// </summary>
public sealed class SeveralInputsTests : IDisposable
{
    private const int Samples = 200;
    private const int Length = 12;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TokensMaskAndKinds_TeachFromTheirArchive_AndTheStudentTakesTheirPlace()
    {
        var run = Distil("bert-inputs", "bert3.onnx", "enc.npz", "--architecture", "transformer", "--set", "student.vocabulary=50", "--set", "student.width=32",
            "--set", "student.depth=1", "--epochs", "80", "--batch-size", "16", "--lr", "0.005");

        Assert.Contains("samples of named inputs: input_ids int64 [12], attention_mask int64 [12], token_type_ids int64 [12]", run.Error);
        Assert.Contains("'attention_mask' is 0", run.Error);
        var fed = Encoded("input_ids", "attention_mask", "token_type_ids");
        var (taught, given) = (ModelRun.Of(Repository.Field("bert-inputs", "bert3.onnx"), "logits", Samples, fed), ModelRun.Of(folder["run/student.onnx"], "logits", Samples, fed));
        var agreement = ModelRun.Agreement(given, taught, 3);
        Assert.InRange(agreement, 0.9, 1);
        Assert.Equal(agreement, Figure("agreement"), 6);
        // What is padded does not count, whatever stands there.
        Assert.Equal(given, ModelRun.Of(folder["run/student.onnx"], "logits", Samples, WithOtherPadding(fed)), (a, b) => Math.Abs(a - b) < 1e-5);
        // The length is as free as the teacher's.
        var shorter = fed.Select(input => (input.Name, input.Values, Take: 5)).ToArray();
        Assert.Equal(3, ModelRun.Of(folder["run/student.onnx"], "logits", 1, [.. shorter.Select(input => (input.Name, (Array)((long[])input.Values)[..input.Take]))]).Length);
    }

    [Theory]
    [InlineData("enc.npz")] // the tensor of its input's name
    [InlineData("ids.npy")]
    [InlineData("ids32.npy")]
    public void IdsAlone_TeachAsTheyAre(string samples)
    {
        Distil(
            "bert-inputs", "ids_only.onnx", samples, "--architecture", "transformer", "--set", "student.vocabulary=50", "--set", "student.width=32", "--set", "student.depth=1",
            "--epochs", "10", "--batch-size", "32", "--lr", "0.005");
        Assert.Equal(["input_ids"], ModelRun.InputsOf(folder["run/student.onnx"]).Keys);
    }

    [Fact]
    public void AnInputPerColumn_TeachesFromAFileWithoutNames()
    {
        Distil("string-and-columns", "mlnet.onnx", "x.npy", "--epochs", "20", "--batch-size", "32", "--lr", "0.01");
        Assert.Equal(["c0", "c1", "c2", "c3", "c4", "c5"], ModelRun.InputsOf(folder["run/student.onnx"]).Keys);
    }

    [Fact]
    public void Commands_WorkOnModelsWithSeveralInputs()
    {
        var recipe = folder.Write("bert.yaml", $$"""
            data:
              transfer: { samples: {{Repository.Field("bert-inputs", "enc.npz")}}, inputs: [input_ids, attention_mask, token_type_ids], rows: 0..150 }
              test: { samples: {{Repository.Field("bert-inputs", "enc.npz")}}, inputs: { input_ids: "#input_ids", attention_mask: "#attention_mask", token_type_ids: "{{Repository.Field("bert-inputs", "enc.npz")}}#token_type_ids" }, rows: 0..150 }
            teachers: [ model: {{Repository.Field("bert-inputs", "bert3.onnx")}} ]
            capture: { threads: 1 }
            student: { architecture: mlp, widths: [32], preprocessing: fit }
            objective: [ soft: { temperature: 2, weight: 1 } ]
            training: { threads: 1, epochs: 80, batch-size: 16, optimizer: { name: adam, learning-rate: 0.01 } }
            """);
        Cli.Done("run", recipe, "--runs", folder["runs"]);
        var (student, samples) = (folder["runs/bert/student.onnx"], Repository.Field("bert-inputs", "enc.npz"));

        Assert.DoesNotContain("started", Cli.Done("run", recipe, "--runs", folder["runs"]).Error); // all is done
        Assert.Contains("verified in ONNX Runtime", Cli.Done("verify", recipe, "--runs", folder["runs"]).Output);
        Cli.Done("verify", "--model", student, "--samples", samples);
        Cli.Done("evaluate", "--model", student, "--teacher", Repository.Field("bert-inputs", "bert3.onnx"), "--samples", samples);
        Cli.Done("benchmark", student, "--repeats", "3");
        var seen = Cli.Done("inspect", Repository.Field("bert-inputs", "bert3.onnx"), "--samples", samples).Output;
        Assert.Contains("input_ids: INT64 [batch, seq], fed with input_ids int64 [12]", seen);
        Assert.Contains("teacher:    yes: 3 classes", seen);
        Assert.Contains("student:    yes", seen);
    }

    [Fact]
    public void StudentFile_IsTrainedAndExportedWithItsOwnInputs()
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field("bert-inputs", "bert3.onnx"), "--samples", Repository.Field("bert-inputs", "enc.npz"),
            "--test-samples", Repository.Field("bert-inputs", "enc.npz"), "--student", Repository.Field("bert-inputs", "bert2.onnx"), "--init", "fresh", "--epochs", "60", "--batch-size", "32",
            "--lr", "0.02", "--threads", "1", "--no-baseline");

        Assert.Equal(["input_ids", "attention_mask"], ModelRun.InputsOf(folder["run/student.onnx"]).Keys);
        Assert.InRange(Figure("agreement"), 0.6, 1); // it does not know the kinds of tokens
        var given = ModelRun.Of(folder["run/student.onnx"], "logits", Samples, Encoded("input_ids", "attention_mask"));
        Assert.Equal(Figure("agreement"), ModelRun.Agreement(given, ModelRun.Of(Repository.Field("bert-inputs", "bert3.onnx"), "logits", Samples, Encoded("input_ids", "attention_mask", "token_type_ids")), 3), 6);
    }

    [Fact]
    public void StatesAndConstants_AreMade_AndTheStudentMayBeFedWithThem()
    {
        SeveralInputModels.Speech(folder["speech.onnx"]);
        Npy.Write(folder["x.npy"], [.. Enumerable.Range(0, 96 * 4).Select(i => i * 37 % 100 / 50f - 1)], 96, 4);
        var recipe = folder.Write("run.yaml", $$"""
            data: { transfer: { samples: x.npy }, test: { samples: x.npy } }
            teachers: [ { model: speech.onnx, output: output, inputs: { state: zeros, sr: 16000 } } ]
            capture: { threads: 1 }
            student: { architecture: mlp, widths: [16] }
            training: { threads: 1, epochs: 60, batch-size: 16, optimizer: { learning-rate: 0.02 } }
            objective: [ binary: { weight: 1 } ]
            """);
        Cli.Done("run", recipe, "--runs", folder.Path);

        using var session = new InferenceSession(folder["run/student.onnx"]);
        using var options = new RunOptions();
        using var results = session.Run(
            options, new Dictionary<string, OrtValue>
            {
                ["input"] = OrtValue.CreateTensorValueFromMemory([0.5f, -1, 0.25f, 1], [1, 4]), ["state"] = OrtValue.CreateTensorValueFromMemory(new float[8], [2, 1, 4]),
                ["sr"] = OrtValue.CreateTensorValueFromMemory([16000L], []),
            }, ["output"]);
        Assert.InRange(results[0].GetTensorDataAsSpan<float>()[0], 0, 1);
        Assert.InRange(Figure("agreement"), 0.9, 1);
        Assert.Contains("zeros", Cli.Fails(2, "run", "--teacher", folder["speech.onnx"], "--samples", folder["x.npy"], "--runs", folder["runs"], "--quick"));
    }

    /// <summary>The student's axes have other names than the teacher's, so what is filled in is as long as what stands beside it.</summary>
    [Fact]
    public void KindsOfTokensThatAreZeros_AreAsLongAsTheTokens()
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--samples", Repository.Field("bert-inputs", "enc.npz"), "--threads", "1", "--epochs", "20", "--lr", "0.003",
            "--set", "data.transfer.inputs={ input_ids: \"#input_ids\", attention_mask: \"#attention_mask\" }",
            "--set", $"teachers=[{{ model: {Repository.Field("bert-inputs", "bert3.onnx")}, inputs: {{ token_type_ids: zeros }} }}]");
        Assert.Contains("token_type_ids", OnnxModel.Load(folder["run/student.onnx"]).Proto.Graph.Input.Select(input => input.Name));
    }

    [Fact]
    public void OtherNamesAndTypes_AreThoseOfTheTeacher()
    {
        SeveralInputModels.Scored(folder["scored.onnx"]);
        long[] ids = [.. Enumerable.Range(0, 120 * 3).Select(i => (long)(i * 11 % 7))];
        float[] weights = [.. Enumerable.Range(0, 120).Select(i => 100 + 50f * (i * 13 % 10 - 5))];
        Npy.Write(folder["ids.npy"], ids, 120, 3);
        Npy.Write(folder["w.npy"], weights, 120);
        var recipe = folder.Write("run.yaml", """
            data: { transfer: { inputs: { ids: ids.npy, weight: w.npy } }, test: { inputs: { ids: ids.npy, weight: w.npy } } }
            teachers: [ { model: scored.onnx, kind: classes, inputs: { tokens: ids } } ]
            capture: { threads: 1 }
            student: { architecture: mlp, widths: [64], preprocessing: fit }
            objective: [ soft: { temperature: 1, weight: 1 } ]
            training: { threads: 1, epochs: 150, batch-size: 16, optimizer: { name: adam, learning-rate: 0.01 } }
            """);

        Cli.Done("run", recipe, "--runs", folder.Path);

        using var session = new InferenceSession(folder["run/student.onnx"]);
        Assert.Equal([("tokens", typeof(int)), ("weight", typeof(double))], session.InputMetadata.Select(input => (input.Key, input.Value.ElementType)).Order());
        using var options = new RunOptions();
        var fed = new Dictionary<string, OrtValue>
        {
            ["tokens"] = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, id => (int)id), [120, 3]),
            ["weight"] = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(weights, weight => (double)weight), [120]),
        };
        using var teacher = new InferenceSession(folder["scored.onnx"]);
        using var given = session.Run(options, fed, ["logits"]);
        using var taught = teacher.Run(options, fed, ["logits"]);
        var agreement = ModelRun.Agreement(given[0].GetTensorDataAsSpan<float>().ToArray(), taught[0].GetTensorDataAsSpan<float>().ToArray(), 2);
        Assert.InRange(agreement, 0.9, 1);
        Assert.Equal(agreement, Figure("agreement"), 6);
    }

    [Theory]
    [InlineData("at the end")]
    [InlineData("before the tokens")]
    [InlineData("between the tokens")]
    public void PaddedPositions_CountInNoLossAndNoFigure(string padding)
    {
        SeveralInputModels.Tagger(folder["tagger.onnx"], 6, 3);
        long[] ids = [.. Enumerable.Range(0, 64 * 5).Select(i => (long)(i * 7 % 6))];
        long[] mask = [.. Enumerable.Range(0, 64 * 5).Select(i => (i / 5 % 5, i % 5)).Select(place => padding switch
        {
            "at the end" => place.Item2 <= place.Item1,
            "before the tokens" => place.Item2 >= place.Item1,
            _ => (place.Item1 + place.Item2) % 3 != 0,
        } ? 1L : 0)];
        Npy.Write(folder["ids.npy"], ids, 64, 5);
        Npy.Write(folder["mask.npy"], mask, 64, 5);
        // The same but for what is padded.
        Npy.Write(folder["others.npy"], [.. ids.Select((id, i) => mask[i] == 0 ? (id + 1) % 6 : id)], 64, 5);
        var run = Train("run", "ids.npy");
        Train("other", "others.npy");

        Assert.Equal(OnnxModel.Load(folder["run/student.onnx"]).Proto.Graph.Initializer, OnnxModel.Load(folder["other/student.onnx"]).Proto.Graph.Initializer);
        Assert.Contains("'valid' is 0", run.Error);
        var fed = new (string, Array)[] { ("ids", ids), ("valid", mask) };
        var (taught, given) = (ModelRun.Of(folder["tagger.onnx"], "logits", 64, fed), ModelRun.Of(folder["run/student.onnx"], "logits", 64, fed));
        var counted = given.Chunk(3).Zip(taught.Chunk(3), ModelRun.Agree).Where((_, position) => mask[position] == 1).Average();
        Assert.Equal(counted, Figure("agreement"), 6);
        Assert.NotEqual(given.Chunk(3).Zip(taught.Chunk(3), ModelRun.Agree).Average(), counted, 3);

        CliResult Train(string name, string tokens)
        {
            var data = $"{{ inputs: {{ ids: {folder[tokens]}, valid: {folder["mask.npy"]} }}, mask: valid }}";
            return Cli.Done(
                "run", "--runs", folder.Path, "--name", name, "--teacher", folder["tagger.onnx"], "--kind", "classes", "--set", $"data.transfer={data}", "--set", $"data.test={data}",
                "--architecture", "transformer", "--set", "student.vocabulary=6", "--set", "student.width=8", "--set", "student.heads=2", "--set", "student.depth=1", "--set", "student.pooling=none",
                "--epochs", "4", "--batch-size", "16", "--lr", "0.003", "--threads", "1", "--no-baseline");
        }
    }

    private CliResult Distil(string field, string teacher, string samples, params string[] more) => Cli.Done(
    [
        "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field(field, teacher), "--samples", Repository.Field(field, samples), "--test-samples", Repository.Field(field, samples),
        "--threads", "1", "--no-baseline", .. more,
    ]);

    private (string Name, Array Values)[] Encoded(params string[] names) =>
    [
        .. names.Select(name =>
        {
            using var set = TransferSet.Open(new() { Samples = Repository.Field("bert-inputs", "enc.npz"), SamplesKey = name });
            var values = new float[Samples * Length];
            set.Read([.. Enumerable.Range(0, Samples).Select(row => (long)row)], values);
            return (name, (Array)Array.ConvertAll(values, value => (long)value));
        }),
    ];

    private static (string Name, Array Values)[] WithOtherPadding((string Name, Array Values)[] fed)
    {
        var (ids, mask) = ((long[])((long[])fed[0].Values).Clone(), (long[])fed[1].Values);
        for (var i = 0; i < ids.Length; i++)
            ids[i] = mask[i] == 0 ? 7 : ids[i];
        return [(fed[0].Name, ids), .. fed[1..]];
    }

    private double Figure(string name)
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(folder["run/metrics.json"]));
        return metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student").GetProperty(name).GetDouble();
    }
}
