using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Conformance;

/// <summary>Runs ONNX's own tests (the folder <c>data</c> of its test data) in the trainer's executor.</summary>
public static class ConformanceSuite
{
    private static readonly string[] GroupNames = ["node", "pytorch-converted", "pytorch-operator"];

    /// <summary>Runs them.</summary>
    /// <param name="folder">A folder with <c>node</c>, <c>pytorch-converted</c> and <c>pytorch-operator</c>.</param>
    /// <param name="filter">Part of the names of the tests to run; <c>null</c>: all.</param>
    /// <param name="gradients">Whether gradients are checked too.</param>
    /// <param name="token">Stops the run.</param>
    /// <exception cref="InputException">The folder holds no such tests.</exception>
    public static ConformanceReport Run(string folder, string? filter, bool gradients, CancellationToken token)
    {
        Libtorch.Load();
        var groups = new SortedDictionary<string, GroupResult>(StringComparer.Ordinal);
        var excluded = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var failed = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var outOfScope = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var differences = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var testable = 0;
        foreach (var (group, path) in FindTests(folder, filter))
        {
            token.ThrowIfCancellationRequested();
            if (ConformanceCase.Load(path, out var reason) is not { } test)
            {
                outOfScope[reason!] = outOfScope.GetValueOrDefault(reason!) + 1;
                continue;
            }
            var problem = ConformanceExclusions.Reasons.GetValueOrDefault(test.Name);
            if (problem is not null)
                excluded[test.Name] = problem;
            else if ((problem = Attempt(() => FindDifference(test))) is not null)
                failed[test.Name] = problem;
            else if (gradients)
            {
                var isTestable = true;
                var difference = Attempt(() => GradientCheck.FindDifference(test, out isTestable));
                testable += isTestable ? 1 : 0;
                if (difference is not null)
                    differences[test.Name] = difference;
            }
            var result = groups.GetValueOrDefault(group, new(0, 0));
            groups[group] = new(result.Passed + (problem is null ? 1 : 0), result.Total + 1);
        }
        return new(
            groups.Values.Sum(group => group.Passed), groups.Values.Sum(group => group.Total), groups, excluded, failed, outOfScope,
            gradients ? new(testable - differences.Count, testable, differences) : null);
    }

    private static List<(string Group, string Path)> FindTests(string folder, string? filter)
    {
        List<(string, string)> tests =
        [
            .. from name in GroupNames
               let path = Path.Combine(folder, name)
               where Directory.Exists(path)
               from test in Directory.GetDirectories(path).Order(StringComparer.Ordinal)
               where File.Exists(Path.Combine(test, "model.onnx"))
               where filter is null || Path.GetFileName(test).Contains(filter, StringComparison.OrdinalIgnoreCase)
               select (name, test),
        ];
        return tests.Count > 0 ? tests : throw new InputException(
            filter is null ? "The folder holds none of ONNX's tests." : "No test of this name was found.",
            where: folder,
            found: filter,
            expected: $"the folders {string.Join(", ", GroupNames)}, each with one folder per test",
            remedy: "give ONNX's test data: 'onnxkd data fetch onnx-tests' fetches them and prints their folder");
    }

    private static string? FindDifference(ConformanceCase test)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var program = test.Compile();
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        foreach (var (inputs, outputs) in test.DataSets)
        {
            var actual = program.Run(weights, [.. inputs.Select(input => input.ToTensor(CPU))], training: false);
            for (var i = 0; i < outputs.Length; i++)
            {
                if (TensorComparison.Difference(outputs[i].ToTensor(CPU), actual[i]) is { } difference)
                    return $"output '{test.Outputs[i]}': {difference}";
            }
        }
        return null;
    }

    /// <summary>A defect of any kind fails its own test and no other.</summary>
    private static string? Attempt(Func<string?> test)
    {
        try
        {
            return test();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return error.Message.ReplaceLineEndings(" ");
        }
    }
}
