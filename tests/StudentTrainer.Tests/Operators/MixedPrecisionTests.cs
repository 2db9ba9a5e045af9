using OnnxKd.Core.Files;
using OnnxKd.StudentTrainer.Conformance;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class MixedPrecisionTests
{
    private static readonly string Data = Path.Combine(DataFolder.Of("onnx-tests"), "node");

    /// <summary>Half a unit in the last of bfloat16's 8 bits.</summary>
    private const double Rounding = 1.0 / 512;

    [Fact]
    public void Table_OfTypes_HoldsEveryOperatorAndNoOther() => Assert.Equal(OperatorTable.Names.Order(), MixedPrecision.Names.Order());

    /// <summary>
    /// ONNX's own tests of single nodes, fed with bfloat16 where they take float32: every operator runs, gives no bfloat16 to the outside,
    /// and what it gives is near to what it gives in float32 for the same numbers.
    /// </summary>
    [Fact]
    public void Run_OfEveryOperatorOnBFloat16_IsNearFloat32()
    {
        var seen = new HashSet<string>();
        var failures = new List<string>();
        foreach (var folder in Directory.GetDirectories(Data).Order(StringComparer.Ordinal))
        {
            var test = ConformanceCase.Load(folder, out _);
            if (test is not { Graph.Node: [var node] } || ConformanceExclusions.Reasons.ContainsKey(test.Name))
                continue;
            using var scope = NewDisposeScope();
            using var off = no_grad();
            seen.Add(node.OpType);
            var given = test.DataSets[0].Inputs.Select(input => input.ToTensor(CPU)).ToArray();
            var rounded = Array.ConvertAll(given, x => x.dtype == ScalarType.Float32 ? x.to(bfloat16) : x);
            var expected = Run(test, mixed: false, Array.ConvertAll(rounded, x => x.dtype == ScalarType.BFloat16 ? x.to(float32) : x));
            var actual = Run(test, mixed: true, rounded);
            for (var i = 0; i < expected.Length; i++)
            {
                if (Difference(expected[i], actual[i]) is { } difference)
                    failures.Add($"{test.Name}, output {i}: {difference}");
            }
        }
        Assert.Empty(failures);
        Assert.True(seen.Count >= 110, $"only {seen.Count} operators were seen");
    }

    private static Tensor[] Run(ConformanceCase test, bool mixed, Tensor[] inputs)
    {
        var program = GraphCompiler.Compile(test.Graph, test.Version, test.Outputs, mixed: mixed);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        var results = program.Run(weights, [.. inputs.Select(input => input.alias())], training: false);
        return Array.ConvertAll(results, result => result.clone()); // some are tensors of the file
    }

    /// <summary>Each result is rounded once, and so are the sums on the way to it: 4 roundings of the largest value are allowed.</summary>
    private static string? Difference(Tensor expected, Tensor actual)
    {
        if (actual.dtype != expected.dtype || !actual.shape.SequenceEqual(expected.shape))
            return $"{actual.dtype} [{string.Join(", ", actual.shape)}], not {expected.dtype} [{string.Join(", ", expected.shape)}]";
        var (found, wanted) = (Values(actual), Values(expected));
        var largest = wanted.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        for (var i = 0; i < wanted.Length; i++)
        {
            if (!found[i].Equals(wanted[i]) && !(Math.Abs(found[i] - wanted[i]) <= 4 * Rounding * largest))
                return $"element {i} is {found[i]}, not {wanted[i]}";
        }
        return null;
    }

    private static double[] Values(Tensor tensor) => tensor.to(float64).contiguous().Values<double>();
}
