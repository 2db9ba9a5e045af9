using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Conformance;

/// <summary>
/// Autograd against central differences in float64. The sum of all float outputs, each element with a random factor, is differentiated by
/// each float input: element by element where they are few, else in random directions that move a few elements each (so that hardly any
/// step crosses from one maximum to another).
/// </summary>
internal static class GradientCheck
{
    private const double Step = 1e-6;
    private const double Tolerance = 1e-5;
    private const double Largest = 1e6;
    private const int FewElements = 64;
    private const int Directions = 8;

    /// <summary>Where the gradients differ; <c>null</c> if they agree, or there is nothing to compare.</summary>
    /// <param name="test">The test.</param>
    /// <param name="isTestable">Whether a float output depends on a float input in a way that autograd sees, and is finite.</param>
    public static string? FindDifference(ConformanceCase test, out bool isTestable)
    {
        isTestable = test.Graph.Output.Any(output => TensorTypes.IsFloat(output.DataTypeOf())) && Checked(test).Count > 0;
        if (!isTestable)
            return null;
        using var scope = NewDisposeScope();
        var function = new Function(test);
        var inputs = function.Inputs();
        foreach (var index in Checked(test))
            inputs[index].requires_grad_();
        var result = function.Evaluate(inputs);
        isTestable = result.requires_grad && double.IsFinite(result.item<double>());
        if (!isTestable)
            return null;
        result.backward();
        foreach (var index in Checked(test))
        {
            var gradient = inputs[index].grad ?? zeros_like(inputs[index]);
            foreach (var direction in DirectionsOf(inputs[index]))
            {
                using var inner = NewDisposeScope();
                var expected = function.CentralDifference(inputs, index, direction);
                var actual = gradient.mul(direction).sum().item<double>();
                if (!(Math.Abs(actual - expected) <= Tolerance * Math.Max(1, Math.Abs(expected))))
                    return $"input {index}: autograd gives {actual:g6}, central differences {expected:g6}";
            }
        }
        return null;
    }

    /// <summary>The float inputs that gradients are for: not settings that are read on the CPU, and not running statistics.</summary>
    private static List<int> Checked(ConformanceCase test)
    {
        var index = new GraphIndex(test.Graph);
        return [.. Enumerable.Range(0, index.Inputs.Count).Where(i =>
            TensorTypes.IsFloat(index.Inputs[i].DataTypeOf()) && IsDifferentiated(index.Inputs[i].Name))];

        bool IsDifferentiated(string name) => index.Consumers(name).Any(node => Differentiates(node, name));

        bool Differentiates(NodeProto node, string name)
        {
            var entry = FusedOperators.Find(node, test.Version)!;
            return node.Input.Select((input, slot) => (input, slot)).Any(use =>
                use.input == name && !entry.Host.Contains(use.slot) && entry.RoleOf(use.slot) != SlotRole.Statistic);
        }
    }

    private static IEnumerable<Tensor> DirectionsOf(Tensor input)
    {
        if (input.numel() > FewElements)
        {
            for (var i = 0; i < Directions; i++)
                yield return RandomDirection(input);
            yield break;
        }
        for (var i = 0; i < input.numel(); i++)
        {
            var direction = zeros_like(input);
            direction.view(-1)[i] = 1;
            yield return direction;
        }
    }

    private static Tensor RandomDirection(Tensor input)
    {
        var moved = randint(0, input.numel(), [FewElements], int64);
        return zeros_like(input).view(-1).IndexAdd(0, moved, randn(FewElements, float64), 1).view_as(input);
    }

    /// <summary>The test's model as a function of its inputs with one number as its result.</summary>
    private sealed class Function
    {
        private readonly ConformanceCase test;
        private readonly GraphProgram program;
        private readonly WeightSet weights;
        private readonly List<Tensor> factors = [];

        public Function(ConformanceCase test)
        {
            this.test = test;
            program = Widen(test).Compile();
            weights = WeightSet.Load(program.Plan, CPU, trainable: false, widen: true);
        }

        /// <summary>Rounding has no slope that small steps could show, so casts to narrower floats are widened as the inputs are.</summary>
        private static ConformanceCase Widen(ConformanceCase test)
        {
            var graph = test.Graph.Clone();
            foreach (var type in graph.Node.Where(node => node.OpType == "Cast").SelectMany(node => node.Attribute))
            {
                if (type.Name == "to" && TensorTypes.IsFloat((int)type.I))
                    type.I = (int)TensorProto.Types.DataType.Double;
            }
            return test with { Graph = graph };
        }

        /// <summary>
        /// The test's inputs in float64, each a little away from its value: no ties, no kinks at zero, positive stays positive. Some of
        /// ONNX's tests hold memory that was never set; numbers too large for differences are replaced.
        /// </summary>
        public Tensor[] Inputs()
        {
            using var generator = manual_seed(1);
            return [.. test.DataSets[0].Inputs.Select(input => input.ToTensor(CPU)).Select(Perturb)];

            static Tensor Perturb(Tensor input)
            {
                if (!input.is_floating_point())
                    return input;
                var values = input.to(float64);
                values = where(values.abs().Lt(Largest), values, ones_like(values));
                return values.mul(rand(input.shape, float64).Mul(0.01).Add(1)).Add(0.002).Add(rand(input.shape, float64).Mul(0.002));
            }
        }

        public Tensor Evaluate(IReadOnlyList<Tensor> inputs)
        {
            // As declared: under autograd, codes of quantisation are floats.
            var outputs = program.Run(weights, inputs, training: false)
                .Where((_, i) => TensorTypes.IsFloat(test.Graph.Output[i].DataTypeOf())).ToArray();
            while (factors.Count < outputs.Length)
                factors.Add(randn(outputs[factors.Count].shape, float64));
            var terms = outputs.Zip(factors, (output, factor) => output.mul(factor).sum()).ToArray();
            return terms.Length == 1 ? terms[0] : stack(terms).sum();
        }

        public double CentralDifference(Tensor[] inputs, int index, Tensor direction)
        {
            using var _ = no_grad();
            return (At(Step) - At(-Step)) / (2 * Step);

            double At(double distance)
            {
                Tensor[] moved = [.. inputs.Select((input, i) => i == index ? input.Add(direction, distance) : input)];
                return Evaluate(moved).item<double>();
            }
        }
    }
}
