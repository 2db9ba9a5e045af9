using System.Text.RegularExpressions;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>A teacher that takes a row of numbers, and a table with columns of texts.</summary>
public sealed partial class TextTablesTests : IDisposable
{
    private const int Rows = 90;

    private static readonly string[] colors = ["red", "blue", "green"];
    private static readonly float[] weights = [1, -1, 0.5f, 2, 0, -2];
    private static readonly float[] bias = [-2, 0.5f, 2];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_OfTextsForNumbers_SaysWhatToAddAndThenWorks()
    {
        string[] run = ["run", "--runs", folder.Path, "--name", "run", "--teacher", Teacher(), "--kind", "classes", "--samples", Table(), "--epochs", "30", "--lr", "0.01", "--batch-size", "16", "--threads", "1", "--no-baseline"];
        var line = Line().Match(Cli.Fails(2, run)).Groups[1].Value;
        Assert.Equal("data.transfer.table.categories={ color: [blue, green, red] }", line);

        Cli.Done([.. run, "--set", line]);

        Assert.Equal("""{"color":["blue","green","red"]}""", OnnxModel.Load(folder["run/student.onnx"]).Proto.MetadataProps.Single(entry => entry.Key == "onnxkd.categories").Value);
        Assert.Contains("`color`, the place of its text among 'blue', 'green', 'red', from 0", File.ReadAllText(folder["run/README.md"]));
        // In the teacher's place it gives the teacher's classes for the numbers that the list says.
        using var session = new InferenceSession(folder["run/student.onnx"]);
        using var options = new RunOptions();
        var right = Enumerable.Range(0, Rows).Count(i =>
        {
            float[] row = [AgeOf(i), Array.IndexOf(["blue", "green", "red"], colors[i % 3])];
            using var input = OrtValue.CreateTensorValueFromMemory(row, [1, 2]);
            using var results = session.Run(options, new Dictionary<string, OrtValue> { ["x"] = input }, ["logits"]);
            float[] expected = [.. Enumerable.Range(0, 3).Select(c => row[0] * weights[c] + row[1] * weights[3 + c] + bias[c])];
            var found = results[0].GetTensorDataAsSpan<float>().ToArray();
            return Array.IndexOf(found, found.Max()) == Array.IndexOf(expected, expected.Max());
        });
        Assert.InRange(right, 0.9 * Rows, Rows);
    }

    private static float AgeOf(int row) => row * 7 % 11 / 5f - 1;

    private string Table() => folder.Write("table.csv", $"age,color\n{string.Concat(Enumerable.Range(0, Rows).Select(i => FormattableString.Invariant($"{AgeOf(i)},{colors[i % 3]}\n")))}");

    private string Teacher()
    {
        var graph = new GraphProto
        {
            Name = "linear", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 2) }, Output = { ValueInfo.Create("logits", ElementType.Float32, "N", 3) },
            Initializer = { TensorData.Create("w", weights, 2, 3), TensorData.Create("b", bias, 3) },
            Node = { new NodeProto { OpType = "Gemm", Input = { "x", "w", "b" }, Output = { "logits" } } },
        };
        File.WriteAllBytes(folder["teacher.onnx"], new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
        return folder["teacher.onnx"];
    }

    [GeneratedRegex("--set '([^']*)'")]
    private static partial Regex Line();
}
