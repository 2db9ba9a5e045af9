using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// New values for what is trained, by operator and role, so that a trained file can lend its architecture alone. Kernels of
/// convolutions: normal with variance 2 ÷ incoming connections (He et al. 2015); matrices: uniform in ±1/√(incoming connections);
/// recurrent: uniform in ±1/√(hidden units); embeddings, tokens and positions: normal, 0.02; factors 1, biases 0, slopes 0.25; running
/// means 0, variances 1.
/// </summary>
internal static class FreshWeights
{
    private const double EmbeddingDeviation = 0.02;
    private const double Slope = 0.25;

    /// <summary>Gives each parameter and buffer of a plan new values, each from a stream of its own, which its name decides.</summary>
    /// <param name="plan">The plan; its tensors are changed.</param>
    /// <param name="seed">Decides the values.</param>
    public static void Fill(IReadOnlyList<PlannedWeight> plan, ulong seed)
    {
        foreach (var weight in plan.Where(weight => weight.Role != WeightRole.Constant))
        {
            var item = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(weight.Name)));
            var draw = Distribution(weight, new(seed, RandomPurpose.Initialisation, item));
            var values = new float[weight.Source.ElementCount()];
            for (var element = 0; element < values.Length; element++)
                values[element] = (float)draw();
            SetValues(weight.Source, values);
        }
    }

    private static void SetValues(TensorProto target, float[] values)
    {
        if (target.ElementTypeOf() == ElementType.Float64)
            target.Set(ElementType.Float64, MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (double)value).AsSpan()));
        else
            target.SetFloats(values);
    }

    private static Func<double> Distribution(PlannedWeight weight, CounterRandom random)
    {
        var use = weight.Uses.FirstOrDefault(use => use.IsLearned) ?? weight.Uses[0];
        return use.Role switch
        {
            SlotRole.Weight when use.Operator.Name is "Conv" or "ConvTranspose" => Normal(Math.Sqrt(2.0 / Incoming(weight, use))),
            SlotRole.Weight => Uniform(1 / Math.Sqrt(Incoming(weight, use))),
            SlotRole.Recurrent => Uniform(1 / Math.Sqrt(Math.Max(1, new Attributes(use.Node).GetInt("hidden_size", 1)))),
            SlotRole.Embedding => Normal(EmbeddingDeviation),
            SlotRole.Scale => () => 1,
            SlotRole.Slope => () => Slope,
            // Slots 3 and 4 of BatchNormalization: mean, then variance.
            SlotRole.Statistic => () => use.Slot == 4 ? 1 : 0,
            SlotRole.Operand when use.Operator.Name is "Mul" or "Div" => () => 1,
            SlotRole.Operand when use.Operator.Name is "Concat" || weight.Source.Dims.Count(size => size > 1) > 1 =>
                Normal(EmbeddingDeviation),
            _ => () => 0,
        };

        Func<double> Uniform(double bound) => () => (2 * random.NextSingle() - 1) * bound;

        // Box and Muller 1958; 1 − u keeps the logarithm finite.
        Func<double> Normal(double deviation) => () =>
            deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextSingle())) * Math.Cos(2 * Math.PI * random.NextSingle());
    }

    private static double Incoming(PlannedWeight weight, WeightUse use)
    {
        var shape = weight.Source.Dims;
        var elements = Math.Max(1, weight.Source.ElementCount());
        return use.Operator.Name == "ConvTranspose" ? (double)elements / shape[1] / new Attributes(use.Node).GetInt("group", 1)
            : weight.UnitAxis is { } units ? (double)elements / shape[units]
            : use.Slot == 0 || !use.Direct ? shape[^1]
            : shape[Math.Max(0, shape.Count - 2)];
    }
}
