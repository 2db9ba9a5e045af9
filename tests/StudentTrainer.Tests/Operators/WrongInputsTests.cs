using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Conformance;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class WrongInputsTests
{
    /// <summary>Operators that take tensors of any type and shape, and have no attribute.</summary>
    private static readonly string[] TakeAnything = ["CastLike", "Identity", "NonZero", "Size"];

    [Fact]
    public void EveryOperator_OfWrongInputs_IsRefusedByName()
    {
        ConformanceCase[] cases = [.. WrongInputs.Cases()];
        var outcomes = RunAll();
        Assert.Equal(cases.Select(test => test.Name), outcomes.Select(outcome => outcome.Name));
        Assert.DoesNotContain(outcomes, outcome => outcome.Result is not ("refused" or "computed"));

        var refused = outcomes.Where(outcome => outcome.Result == "refused").Select(outcome => outcome.Operator);
        Assert.Equal(OperatorTable.Names.Order(), refused.Concat(TakeAnything).Distinct().Order());

        var wrong = cases.Where((_, i) => outcomes[i].Result == "computed").Select(WhyWrong).OfType<string>();
        File.WriteAllLines("/tmp/native-wrong.txt", wrong);
        Assert.Empty(wrong);
    }

    /// <summary>What ONNX Runtime finds wrong with the types and shapes of a case, before it runs anything.</summary>
    private static string? WhyWrong(ConformanceCase test)
    {
        var graph = test.Graph.Clone();
        for (var i = 0; i < graph.Input.Count && i < test.DataSets[0].Inputs.Length; i++)
        {
            var given = test.DataSets[0].Inputs[i];
            var shape = new TensorShapeProto { Dim = { given.Dims.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }) } };
            graph.Input[i].Type = new() { TensorType = new() { ElemType = given.DataType, Shape = shape } };
        }
        foreach (var output in graph.Output)
            output.Type = null;
        try
        {
            using var session = Oracle.Session(OnnxModel.FromProto(new()
            {
                IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = test.Version } }, Graph = graph,
            }));
            return null;
        }
        catch (OnnxRuntimeException error) when (error.Message.Contains("Type Error"))
        {
            return $"{test.Name}: {error.Message}";
        }
        catch (OnnxRuntimeException error)
        {
            return $"OTHER {test.Name}: {error.Message}";
        }
    }

    /// <summary>Runs all cases in processes of their own: where one dies, the next goes on behind the case that killed it.</summary>
    private static List<(string Operator, string Name, string Result)> RunAll()
    {
        var outcomes = new List<(string, string, string)>();
        while (true)
        {
            var (lines, code) = RunFrom(outcomes.Count);
            for (var i = 0; i < lines.Length; i += 2)
            {
                var words = lines[i].Split(' ', 4);
                outcomes.Add((words[2], words[3], i + 1 < lines.Length ? lines[i + 1] : $"the process died with code {code}"));
            }
            if (lines.Length % 2 == 0)
                return outcomes;
        }
    }

    private static (string[] Lines, int ExitCode) RunFrom(int first)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(WrongInputs).Assembly.Location);
        start.ArgumentList.Add(WrongInputs.Command);
        start.ArgumentList.Add($"{first}");
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (text.Split('\n', StringSplitOptions.RemoveEmptyEntries), process.ExitCode);
    }
}
