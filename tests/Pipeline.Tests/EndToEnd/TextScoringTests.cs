using System.Text.Json;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Recognisers against known texts: a picture has four rows of pixels, each a frame; its class is the column of the 1.</summary>
public sealed class TextScoringTests : IDisposable
{
    private const int Frames = 4;
    private const int Classes = 4; // the blank, a, b and the space

    /// <summary>Classes of the frames, and what is written. The last two are misread: by a missing letter, and by three of three.</summary>
    private static readonly (string Frames, string Text)[] Lines =
        [("1122", "ab"), ("1011", "aa"), ("1320", "a b"), ("0200", "b"), ("1020", "aba"), ("0030", "aab")];

    private readonly TemporaryFolder folder = new();

    public TextScoringTests()
    {
        var samples = Lines.SelectMany(line => line.Frames.SelectMany(
            frame => Enumerable.Range(0, Classes).Select(column => column == frame - '0' ? 1f : 0f)));
        Npy.Write(folder["lines.npy"], [.. samples], Lines.Length, Frames, Classes);
        folder.Write("texts.jsonl", string.Join('\n', Lines.Select((line, id) => JsonSerializer.Serialize(new { id, text = line.Text }))));
        folder.Write("keys.txt", "a\nb\n");
        LinearModel.Write(folder["reader.onnx"], edit: model => MakeReader(model, 8));
        LinearModel.Write(folder["blind.onnx"], edit: model => MakeReader(model, 0));
    }

    [Fact]
    public void Evaluate_Models_AreMeasuredAgainstTheTexts()
    {
        var models = JsonDocument.Parse(Cli.Done(
            "evaluate", "--model", folder["reader.onnx"], "--model", folder["blind.onnx"], "--samples", folder["lines.npy"],
            "--set", $"data.transfer.texts={folder["texts.jsonl"]}", "--set", $"data.alphabet.file={folder["keys.txt"]}",
            "--set", "data.alphabet.space=true", "--json").Output).RootElement.GetProperty("models");

        // 2 + 2 + 3 + 1 + 3 + 3 characters. 1020 reads as 'ab', one edit from 'aba'; 0030 as ' ', three from 'aab'. All 0 reads as nothing.
        Assert.Equal(4 / 14.0, models[0].GetProperty("character_error_rate").GetDouble(), 12);
        Assert.Equal(4 / 6.0, models[0].GetProperty("exact_lines").GetDouble(), 12);
        Assert.Equal(1, models[1].GetProperty("character_error_rate").GetDouble());
        Assert.Equal(0, models[1].GetProperty("exact_lines").GetDouble());
    }

    [Fact]
    public void Run_TextsOfTheTransferSetAlone_AreNoFigures()
    {
        File.WriteAllText(Recipe("{ file: keys.txt, space: true }"), File.ReadAllText(folder["recipe.yaml"])
            .Replace("transfer: { samples: lines.npy }", "transfer: { samples: lines.npy, texts: texts.jsonl }")
            .Replace("test: { samples: lines.npy, texts: texts.jsonl }", "test: { samples: lines.npy }"));

        var metrics = JsonDocument.Parse(
            Cli.Done("run", folder["recipe.yaml"], "--epochs", "1", "--runs", folder["runs"], "--json").Output).RootElement;

        Assert.False(Figures.Of(metrics, "student").TryGetProperty("character_error_rate", out _));
        Assert.Equal(1, Figures.Of(metrics, "teacher").GetProperty("agreement").GetDouble());
    }

    [Fact]
    public void Evaluate_LinesWithLengths_AreNotReadInTheirPadding()
    {
        Npy.Write(folder["lengths.npy"], [4L, 4, 3, 1, 4, 2], Lines.Length);

        var models = JsonDocument.Parse(Cli.Done(
            "evaluate", "--model", folder["reader.onnx"], "--samples", folder["lines.npy"],
            "--set", $"data.transfer.lengths={folder["lengths.npy"]}", "--set", "data.transfer.lengths-axis=0",
            "--set", $"data.transfer.texts={folder["texts.jsonl"]}", "--set", $"data.alphabet.file={folder["keys.txt"]}",
            "--set", "data.alphabet.space=true", "--json").Output).RootElement.GetProperty("models");

        // As above, but of 0200 the b lies in the padding (an edit more), and of 0030 the space (still three edits from 'aab').
        Assert.Equal(5 / 14.0, models[0].GetProperty("character_error_rate").GetDouble(), 12);
        Assert.Equal(3 / 6.0, models[0].GetProperty("exact_lines").GetDouble(), 12);
    }

    [Fact]
    public void Run_RecogniserWithTexts_ReportsTeacherAndStudentAlike()
    {
        var recipe = Recipe("{ file: keys.txt, space: true }");

        var metrics = JsonDocument.Parse(Cli.Done("run", recipe, "--runs", folder["runs"], "--json").Output).RootElement;

        foreach (var model in new[] { "teacher", "student" })
        {
            Assert.Equal(4 / 14.0, Figures.Of(metrics, model).GetProperty("character_error_rate").GetDouble(), 12);
            Assert.Equal(4 / 6.0, Figures.Of(metrics, model).GetProperty("exact_lines").GetDouble(), 12);
            Assert.Equal(1, Figures.Of(metrics, model).GetProperty("agreement").GetDouble());
        }
        Assert.Contains("| CER |", File.ReadAllText(folder["runs/recipe/report.md"]).Replace("  ", ""));

        // Other texts are another evaluation; the student stays.
        File.WriteAllText(folder["texts.jsonl"], File.ReadAllText(folder["texts.jsonl"]).Replace("aba", "ab"));
        var again = Cli.Done("run", recipe, "--runs", folder["runs"], "--json");
        Assert.Contains("train-student: reused", again.Error);
        Assert.Equal(
            3 / 13.0, Figures.Of(again, "student").GetProperty("character_error_rate").GetDouble(), 12);
    }

    [Fact]
    public void Run_AlphabetOfOtherSize_StopsBeforeTheTraining()
    {
        var error = Cli.Fails(2, "run", Recipe("{ file: keys.txt }"), "--runs", folder["runs"]);

        Assert.Contains("4 classes", error);
        Assert.Contains("3: the blank and 2 characters", error);
        Assert.DoesNotContain("train-student", error);
    }

    [Fact]
    public void Evaluate_ClassifierWithTexts_IsRefused()
    {
        var classifier = LinearModel.Write(folder["classifier.onnx"]);

        var error = Cli.Fails(
            2, "evaluate", "--model", classifier, "--samples", folder["lines.npy"], "--set", $"data.transfer.texts={folder["texts.jsonl"]}",
            "--set", $"data.alphabet.file={folder["keys.txt"]}");

        Assert.Contains("[frames, classes]", error);
    }

    public void Dispose() => folder.Dispose();

    private string Recipe(string alphabet) => folder.Write("recipe.yaml", $$"""
        data:
          transfer: { samples: lines.npy }
          test: { samples: lines.npy, texts: texts.jsonl }
          alphabet: {{alphabet}}
        teachers: [ model: reader.onnx ]
        capture: { threads: 1, storage: { top-k: 2, temperatures: [1] } }
        student: { model: blind.onnx }
        objective: [ soft: { temperature: 1 } ]
        training: { threads: 1, epochs: 60, batch-size: 2, optimizer: { name: adam, learning-rate: 0.1 } }
        """);

    /// <summary>[N, 4 frames, 4] · [4, 4 classes].</summary>
    private static void MakeReader(ModelProto model, float diagonal)
    {
        var graph = model.Graph;
        graph.Node.Clear();
        graph.Node.Add(new NodeProto { OpType = "MatMul", Input = { "x", "W" }, Output = { "logits" } });
        var weights = new float[Classes * Classes];
        for (var i = 0; i < Classes; i++)
            weights[i * Classes + i] = diagonal;
        graph.Initializer[0] = TensorData.Create("W", weights, Classes, Classes);
        graph.Output[0] = ValueInfo.Create("logits", ElementType.Float32, "N", Frames, Classes);
    }
}
