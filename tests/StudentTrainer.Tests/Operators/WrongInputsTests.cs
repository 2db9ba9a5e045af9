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

        var missed = cases.Where((test, i) => outcomes[i].Result == "computed" && test.Name.EndsWith("as Bool") && IsOfWrongType(test));
        Assert.Empty(missed.Select(test => test.Name));
    }

    /// <summary>Whether ONNX Runtime, which reads it in ONNX's definition, finds that an operator does not take an input's type.</summary>
    private static bool IsOfWrongType(ConformanceCase test)
    {
        var graph = test.Graph.Clone();
        for (var i = 0; i < test.DataSets[0].Inputs.Length; i++)
            graph.Input[i].Type = new() { TensorType = new() { ElemType = test.DataSets[0].Inputs[i].DataType } };
        foreach (var output in graph.Output)
            output.Type = null;
        var model = new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = test.Version } }, Graph = graph };
        try
        {
            using var session = Oracle.Session(OnnxModel.FromProto(model));
            return false;
        }
        catch (OnnxRuntimeException error)
        {
            return error.Message.Contains("of input parameter", StringComparison.Ordinal);
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
