using System.Text.Json;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests;

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
        var (taught, given) = (Run(Field("bert-inputs", "bert3.onnx"), "logits", Samples, fed), Run(folder["run/student.onnx"], "logits", Samples, fed));
        var agreement = Agreement(given, taught, 3);
        Assert.InRange(agreement, 0.9, 1);
        Assert.Equal(agreement, Figure("agreement"), 6);
        // What is padded does not count, whatever stands there.
        Assert.Equal(given, Run(folder["run/student.onnx"], "logits", Samples, WithOtherPadding(fed)), (a, b) => Math.Abs(a - b) < 1e-5);
        // The length is as free as the teacher's.
        var shorter = fed.Select(input => (input.Name, input.Values, Take: 5)).ToArray();
        Assert.Equal(3, Run(folder["run/student.onnx"], "logits", 1, [.. shorter.Select(input => (input.Name, (Array)((long[])input.Values)[..input.Take]))]).Length);
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
        Assert.Equal(["input_ids"], Inputs(folder["run/student.onnx"]).Keys);
    }

    [Fact]
    public void TextsAndNumbers_TeachFromATable_AndTheEncodingShips()
    {
        var run = Distil("string-and-columns", "titanic.onnx", "t.csv", "--epochs", "200", "--batch-size", "16", "--lr", "0.01");

        Assert.Contains("samples of named inputs: age float32 [], fare float32 [], sex text []", run.Error);
        var inputs = Inputs(folder["run/student.onnx"]);
        Assert.Equal(typeof(string), inputs["sex"]);
        var fed = Passengers();
        var (taught, given) = (Run(Field("string-and-columns", "titanic.onnx"), "raw", 60, fed), Run(folder["run/student.onnx"], "raw", 60, fed));
        Assert.InRange(Agreement(given, taught, 2), 0.97, 1);
        Assert.All(given.Chunk(2), row => Assert.Equal(1, row.Sum(), 4)); // probabilities, as the teacher gives
        Cli.Done("verify", "--model", folder["run/student.onnx"], "--samples", Field("string-and-columns", "t.csv"));
        Cli.Done("benchmark", folder["run/student.onnx"], Field("string-and-columns", "titanic.onnx"), "--repeats", "3");
        // The student can start another training, encoding and all.
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "again", "--teacher", Field("string-and-columns", "titanic.onnx"), "--samples", Field("string-and-columns", "t.csv"), "--student",
            folder["run/student.onnx"], "--epochs", "1", "--batch-size", "16", "--lr", "0.001", "--threads", "1", "--no-baseline");
        Assert.Equal(inputs, Inputs(folder["again/student.onnx"]));
        // A text that nobody has seen is none of the known ones, and no error.
        Assert.All(Run(folder["run/student.onnx"], "raw", 1, [("age", new[] { 30f }), ("fare", new[] { 10f }), ("sex", new[] { "unknown" })]), value => Assert.InRange(value, 0, 1));
    }

    [Fact]
    public void TextThatOnlyTheTestSetHas_IsNoneOfTheKnown()
    {
        var test = folder.Write("test.csv", "fare,age,sex\n12.5,30,other\n30,60,female\n8,20,male\n45,41,\n");
        var told = Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Field("string-and-columns", "titanic.onnx"), "--samples", Field("string-and-columns", "t.csv"),
            "--test-samples", test, "--threads", "1", "--no-baseline", "--epochs", "200", "--batch-size", "16", "--lr", "0.01"); // its verification is on the test set
        (string, Array)[] fed = [("age", new[] { 30f, 60, 20, 41 }), ("fare", new[] { 12.5f, 30, 8, 45 }), ("sex", new[] { "other", "female", "male", "" })];
        Assert.Contains("which a student cannot tell apart: 'other'", told.Error);
        Assert.Equal(Agreement(Run(folder["run/student.onnx"], "raw", 4, fed), Run(Field("string-and-columns", "titanic.onnx"), "raw", 4, fed), 2), Figure("agreement"), 6);
    }

    [Fact]
    public void OneInputOfTexts_TeachesFromATable()
    {
        Distil("string-and-columns", "str.onnx", "t.csv", "--kind", "values", "--epochs", "60", "--batch-size", "16", "--lr", "0.05");
        var fed = Passengers().Where(input => input.Name == "sex").ToArray();
        Assert.Equal(
            Run(Field("string-and-columns", "str.onnx"), "raw", 60, fed), Run(folder["run/student.onnx"], "raw", 60, fed), (a, b) => Math.Abs(a - b) < 0.1);
    }

    [Fact]
    public void StudentFileOfTexts_TrainsBehindItsEncoder()
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Field("string-and-columns", "str.onnx"), "--kind", "values", "--samples", Field("string-and-columns", "t.csv"),
            "--student", Field("string-and-columns", "str.onnx"), "--init", "fresh", "--epochs", "100", "--batch-size", "8", "--lr", "0.05", "--threads", "1", "--no-baseline");
        var fed = Passengers().Where(input => input.Name == "sex").ToArray();
        Assert.Equal(typeof(string), Inputs(folder["run/student.onnx"])["sex"]);
        Assert.Equal(
            Run(Field("string-and-columns", "str.onnx"), "raw", 60, fed), Run(folder["run/student.onnx"], "raw", 60, fed), (a, b) => Math.Abs(a - b) < 0.1);
    }

    [Fact]
    public void AnInputPerColumn_TeachesFromAFileWithoutNames()
    {
        Distil("string-and-columns", "mlnet.onnx", "x.npy", "--epochs", "20", "--batch-size", "32", "--lr", "0.01");
        Assert.Equal(["c0", "c1", "c2", "c3", "c4", "c5"], Inputs(folder["run/student.onnx"]).Keys);
    }

    [Fact]
    public void Commands_WorkOnModelsWithSeveralInputs()
    {
        var recipe = folder.Write("bert.yaml", $$"""
            data:
              transfer: { samples: {{Field("bert-inputs", "enc.npz")}}, inputs: [input_ids, attention_mask, token_type_ids], rows: 0..150 }
              test: { samples: {{Field("bert-inputs", "enc.npz")}}, inputs: { input_ids: "#input_ids", attention_mask: "#attention_mask", token_type_ids: "{{Field("bert-inputs", "enc.npz")}}#token_type_ids" }, rows: 0..150 }
            teachers: [ model: {{Field("bert-inputs", "bert3.onnx")}} ]
            capture: { threads: 1 }
            student: { architecture: mlp, widths: [32], preprocessing: fit }
            objective: [ soft: { temperature: 2, weight: 1 } ]
            training: { threads: 1, epochs: 80, batch-size: 16, optimizer: { name: adam, learning-rate: 0.01 } }
            """);
        Cli.Done("run", recipe, "--runs", folder["runs"]);
        var (student, samples) = (folder["runs/bert/student.onnx"], Field("bert-inputs", "enc.npz"));

        Assert.DoesNotContain("started", Cli.Done("run", recipe, "--runs", folder["runs"]).Error); // all is done
        Assert.Contains("verified in ONNX Runtime", Cli.Done("verify", recipe, "--runs", folder["runs"]).Output);
        Cli.Done("verify", "--model", student, "--samples", samples);
        Cli.Done("evaluate", "--model", student, "--teacher", Field("bert-inputs", "bert3.onnx"), "--samples", samples);
        Cli.Done("benchmark", student, "--repeats", "3");
        var seen = Cli.Done("inspect", Field("bert-inputs", "bert3.onnx"), "--samples", samples).Output;
        Assert.Contains("input_ids: INT64 [batch, seq], fed with input_ids int64 [12]", seen);
        Assert.Contains("teacher:    yes: 3 classes", seen);
        Assert.Contains("student:    yes", seen);
    }

    [Fact]
    public void StudentFile_IsTrainedAndExportedWithItsOwnInputs()
    {
        Cli.Done(
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Field("bert-inputs", "bert3.onnx"), "--samples", Field("bert-inputs", "enc.npz"),
            "--test-samples", Field("bert-inputs", "enc.npz"), "--student", Field("bert-inputs", "bert2.onnx"), "--init", "fresh", "--epochs", "60", "--batch-size", "32",
            "--lr", "0.02", "--threads", "1", "--no-baseline");

        Assert.Equal(["input_ids", "attention_mask"], Inputs(folder["run/student.onnx"]).Keys);
        Assert.InRange(Figure("agreement"), 0.6, 1); // it does not know the kinds of tokens
        var given = Run(folder["run/student.onnx"], "logits", Samples, Encoded("input_ids", "attention_mask"));
        Assert.Equal(Figure("agreement"), Agreement(given, Run(Field("bert-inputs", "bert3.onnx"), "logits", Samples, Encoded("input_ids", "attention_mask", "token_type_ids")), 3), 6);
    }

    [Fact]
    public void InputThatIsNotThere_ListsBothSidesAndTheLineToAdd()
    {
        var error = Cli.Fails(2, "run", "--teacher", Field("string-and-columns", "titanic.onnx"), "--samples", Field("bert-inputs", "enc.npz"), "--runs", folder["runs"], "--quick");
        Assert.Contains("tensors input_ids, attention_mask, token_type_ids", error);
        Assert.Contains("age float [N, 1], fare float [N, 1], sex string [N, 1]; missing: age, fare, sex", error);
        Assert.Contains("data.transfer.inputs: { age: FILE", error);

        error = Cli.Fails(
            2, "run", "--teacher", Field("bert-inputs", "bert2.onnx"), "--student", Field("bert-inputs", "bert2.onnx"), "--samples", Field("bert-inputs", "enc.npz"), "--set",
            "data.transfer.inputs=[input_ids, attention_mask, token_type_ids]", "--runs", folder["runs"]);
        Assert.Contains("'token_type_ids' among", error);
        Assert.Contains("inputs of the models: input_ids, attention_mask", error);

        error = Cli.Fails(2, "run", "--teacher", Field("bert-inputs", "bert3.onnx"), "--samples", Field("bert-inputs", "ids.npy"), "--runs", folder["runs"], "--quick");
        Assert.Contains("one tensor without a name for 3 inputs", error);
    }

    [Fact]
    public void NumbersWhereAModelTakesTexts_NameTheKey()
    {
        var table = folder.Write("t.csv", "sex\n1\n0\n1\n");
        var error = Cli.Fails(2, "run", "--teacher", Field("string-and-columns", "str.onnx"), "--samples", table, "--kind", "values", "--runs", folder["runs"], "--quick");
        Assert.Contains("table.texts: [sex]", error);
        var seen = Cli.Run( // no text that this teacher knows, so that there is nothing to learn
            "run", "--teacher", Field("string-and-columns", "str.onnx"), "--samples", table, "--set", "data.transfer.table.texts=[sex]", "--set", "data.transfer.inputs=[sex]",
            "--kind", "values", "--runs", folder["runs"], "--epochs", "1", "--batch-size", "2", "--lr", "0.01", "--threads", "1", "--no-baseline").Error;
        Assert.Contains("sex text []", seen);
    }

    [Fact]
    public void StatesAndConstants_AreMade_AndTheStudentMayBeFedWithThem()
    {
        Speech(folder["speech.onnx"]);
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
            "run", "--runs", folder.Path, "--name", "run", "--samples", Field("bert-inputs", "enc.npz"), "--threads", "1", "--epochs", "20", "--lr", "0.003",
            "--set", "data.transfer.inputs={ input_ids: \"#input_ids\", attention_mask: \"#attention_mask\" }",
            "--set", $"teachers=[{{ model: {Field("bert-inputs", "bert3.onnx")}, inputs: {{ token_type_ids: zeros }} }}]");
        Assert.Contains("token_type_ids", OnnxModel.Load(folder["run/student.onnx"]).Proto.Graph.Input.Select(input => input.Name));
    }

    [Fact]
    public void OtherNamesAndTypes_AreThoseOfTheTeacher()
    {
        Scored(folder["scored.onnx"]);
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
        var agreement = Agreement(given[0].GetTensorDataAsSpan<float>().ToArray(), taught[0].GetTensorDataAsSpan<float>().ToArray(), 2);
        Assert.InRange(agreement, 0.9, 1);
        Assert.Equal(agreement, Figure("agreement"), 6);
    }

    [Theory]
    [InlineData("at the end")]
    [InlineData("before the tokens")]
    [InlineData("between the tokens")]
    public void PaddedPositions_CountInNoLossAndNoFigure(string padding)
    {
        Tagger(folder["tagger.onnx"], 6, 3);
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
        var (taught, given) = (Run(folder["tagger.onnx"], "logits", 64, fed), Run(folder["run/student.onnx"], "logits", 64, fed));
        var counted = given.Chunk(3).Zip(taught.Chunk(3), Agree).Where((_, position) => mask[position] == 1).Average();
        Assert.Equal(counted, Figure("agreement"), 6);
        Assert.NotEqual(given.Chunk(3).Zip(taught.Chunk(3), Agree).Average(), counted, 3);

        CliResult Train(string name, string tokens)
        {
            var data = $"{{ inputs: {{ ids: {folder[tokens]}, valid: {folder["mask.npy"]} }}, mask: valid }}";
            return Cli.Done(
                "run", "--runs", folder.Path, "--name", name, "--teacher", folder["tagger.onnx"], "--kind", "classes", "--set", $"data.transfer={data}", "--set", $"data.test={data}",
                "--architecture", "transformer", "--set", "student.vocabulary=6", "--set", "student.width=8", "--set", "student.heads=2", "--set", "student.depth=1", "--set", "student.pooling=none",
                "--epochs", "4", "--batch-size", "16", "--lr", "0.003", "--threads", "1", "--no-baseline");
        }
    }

    /// <summary>σ(x·w + the state) for speech as it comes in chunks: with a state and a rate that are no samples.</summary>
    private static void Speech(string path)
    {
        var graph = new GraphProto
        {
            Name = "speech",
            Input = { ValueInfo.Create("input", ElementType.Float32, "N", 4), ValueInfo.Create("state", ElementType.Float32, 2, "N", 4), ValueInfo.Create("sr", ElementType.Int64) },
            Output = { ValueInfo.Create("output", ElementType.Float32, "N", 1), ValueInfo.Create("stateN", ElementType.Float32, 2, "N", 4) },
            Initializer = { TensorData.Create("w", [3f, -2, 1, 0.5f], 4, 1), TensorData.Create("first", [0L]), TensorData.Create("rate", [16000f]) },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "state", "first" }, Output = { "own" } },
                new NodeProto { OpType = "Add", Input = { "input", "own" }, Output = { "sum" } },
                new NodeProto { OpType = "MatMul", Input = { "sum", "w" }, Output = { "product" } },
                new NodeProto { OpType = "Cast", Input = { "sr" }, Output = { "hertz" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
                new NodeProto { OpType = "Div", Input = { "hertz", "rate" }, Output = { "factor" } },
                new NodeProto { OpType = "Mul", Input = { "product", "factor" }, Output = { "logit" } },
                new NodeProto { OpType = "Sigmoid", Input = { "logit" }, Output = { "output" } },
                new NodeProto { OpType = "Identity", Input = { "state" }, Output = { "stateN" } },
            },
        };
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }

    /// <summary>(the mean of the tokens' rows + weight ÷ 100) · v, of int32 tokens and a double.</summary>
    private static void Scored(string path)
    {
        static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };
        var graph = new GraphProto
        {
            Name = "scored",
            Input = { ValueInfo.Create("tokens", ElementType.Int32, "N", 3), ValueInfo.Create("weight", ElementType.Float64, "N") },
            Output = { ValueInfo.Create("logits", ElementType.Float32, "N", 2) },
            Initializer =
            {
                TensorData.Create("table", [.. Enumerable.Range(0, 7).Select(i => i - 3f)], 7, 1), TensorData.Create("last", [1L], 1), TensorData.Create("hundred", [100f]),
                TensorData.Create("v", [1f, -1], 1, 2),
            },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "table", "tokens" }, Output = { "rows" } },
                new NodeProto { OpType = "ReduceMean", Input = { "rows" }, Output = { "mean" }, Attribute = { new AttributeProto { Name = "axes", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1 } }, Integer("keepdims", 0) } },
                new NodeProto { OpType = "Cast", Input = { "weight" }, Output = { "float" }, Attribute = { Integer("to", 1) } },
                new NodeProto { OpType = "Div", Input = { "float", "hundred" }, Output = { "part" } },
                new NodeProto { OpType = "Unsqueeze", Input = { "part", "last" }, Output = { "column" } },
                new NodeProto { OpType = "Add", Input = { "mean", "column" }, Output = { "sum" } },
                new NodeProto { OpType = "MatMul", Input = { "sum", "v" }, Output = { "logits" } },
            },
        };
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }

    /// <summary>Scores of each token, which padding turns round: a student that learned there would be wrong.</summary>
    private static void Tagger(string path, int tokens, int classes)
    {
        var graph = new GraphProto
        {
            Name = "tagger",
            Input = { ValueInfo.Create("ids", ElementType.Int64, "N", "T"), ValueInfo.Create("valid", ElementType.Int64, "N", "T") },
            Output = { ValueInfo.Create("logits", ElementType.Float32, "N", "T", classes) },
            Initializer = { TensorData.Create("table", [.. Enumerable.Range(0, tokens * classes).Select(i => i * 5 % 7 - 3f)], tokens, classes), TensorData.Create("last", [2L], 1), TensorData.Create("half", [0.5f]) },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "table", "ids" }, Output = { "rows" } },
                new NodeProto { OpType = "Cast", Input = { "valid" }, Output = { "mask" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
                new NodeProto { OpType = "Sub", Input = { "mask", "half" }, Output = { "sign" } },
                new NodeProto { OpType = "Unsqueeze", Input = { "sign", "last" }, Output = { "column" } },
                new NodeProto { OpType = "Mul", Input = { "rows", "column" }, Output = { "logits" } },
            },
        };
        File.WriteAllBytes(path, new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }

    [Theory]
    [InlineData("inputs: { a: \"#\" }", "FILE, FILE#KEY or #KEY")]
    [InlineData("inputs: { a: { file: x } }", "unknown key")]
    [InlineData("inputs: [x, x]", "one name")]
    [InlineData("inputs: [sex], mask: m", "none of the samples' inputs")]
    [InlineData("mask: m", "no named inputs")]
    [InlineData("inputs: [sex], samples-key: sex", "beside inputs")]
    [InlineData("inputs: { a: \"#sez\" }", "did you mean 'sex'?")]
    public void RecipeWithWrongInputs_SaysWhatIsWrong(string inputs, string expected)
    {
        var recipe = folder.Write("r.yaml", $$"""
            data: { transfer: { samples: {{Field("string-and-columns", "t.csv")}}, labels: {{Field("string-and-columns", "t.csv")}}, labels-key: label, {{inputs}} } }
            student: { architecture: mlp }
            training: { epochs: 1, batch-size: 8, optimizer: { learning-rate: 0.1 } }
            """);
        Assert.Contains(expected, Cli.Fails(2, "plan", recipe, "--runs", folder["runs"]));
    }

    private CliResult Distil(string field, string teacher, string samples, params string[] more) => Cli.Done(
    [
        "run", "--runs", folder.Path, "--name", "run", "--teacher", Field(field, teacher), "--samples", Field(field, samples), "--test-samples", Field(field, samples),
        "--threads", "1", "--no-baseline", .. more,
    ]);

    private (string Name, Array Values)[] Encoded(params string[] names) =>
    [
        .. names.Select(name =>
        {
            using var set = TransferSet.Open(new() { Samples = Field("bert-inputs", "enc.npz"), SamplesKey = name });
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

    private static (string Name, Array Values)[] Passengers()
    {
        var rows = File.ReadAllLines(Field("string-and-columns", "t.csv"))[1..].Select(line => line.Split(',')).ToArray();
        float[] Column(int at) => [.. rows.Select(row => float.Parse(row[at], System.Globalization.CultureInfo.InvariantCulture))];
        return [("age", Column(0)), ("fare", Column(1)), ("sex", rows.Select(row => row[2]).ToArray())];
    }

    /// <summary>Runs a model on inputs of its own types, each [rows, values].</summary>
    private static float[] Run(string model, string output, int rows, (string Name, Array Values)[] fed)
    {
        using var session = new InferenceSession(model);
        using var options = new RunOptions();
        var values = fed.ToDictionary(input => input.Name, input => Tensor(input.Values, [rows, input.Values.Length / rows]));
        using var results = session.Run(options, values, [output]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static OrtValue Tensor(Array values, long[] shape)
    {
        if (values is long[] integers)
            return OrtValue.CreateTensorValueFromMemory(integers, shape);
        if (values is float[] floats)
            return OrtValue.CreateTensorValueFromMemory(floats, shape);
        var texts = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        foreach (var (i, text) in ((string[])values).Index())
            texts.StringTensorSetElementAt(text.AsSpan(), i);
        return texts;
    }

    private static double Agreement(float[] given, float[] taught, int classes) => given.Chunk(classes).Zip(taught.Chunk(classes), Agree).Average();

    private static double Agree(float[] own, float[] other) => Array.IndexOf(own, own.Max()) == Array.IndexOf(other, other.Max()) ? 1 : 0;

    private static Dictionary<string, Type> Inputs(string model)
    {
        using var session = new InferenceSession(model);
        return session.InputMetadata.ToDictionary(input => input.Key, input => input.Value.ElementType);
    }

    private double Figure(string name)
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(folder["run/metrics.json"]));
        return metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student").GetProperty(name).GetDouble();
    }

    private static string Field(string field, string file) => Path.Combine(Repository.Root, "tests", "Pipeline.Tests", "Fields", field, file);
}
