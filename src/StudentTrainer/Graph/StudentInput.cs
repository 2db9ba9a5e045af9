using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>The one input of a student.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds: floats, or integers (token ids).</param>
/// <param name="Dims">Its declared sizes after the batch axis; <c>null</c> if the model declares none.</param>
internal sealed record StudentInput(string Name, ScalarType Type, IReadOnlyList<Dim>? Dims)
{
    /// <summary>What the graph computes with: its floats are float32, whatever the file's are.</summary>
    public ScalarType ComputedType => Type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float64 ? ScalarType.Float32 : Type;

    /// <summary>Finds the input.</summary>
    /// <exception cref="UnsupportedModelException">There is not exactly one, or it holds something else than numbers.</exception>
    public static StudentInput Find(GraphProto graph)
    {
        var inputs = new GraphIndex(graph).Inputs;
        if (inputs.Count != 1)
            throw new UnsupportedModelException(
                "A student must have one input.",
                found: inputs.Count == 0 ? "none" : string.Join(", ", inputs.Select(input => $"'{input.Name}'")));
        var type = TorchTypes.Of(inputs[0].DataTypeOf());
        if (type is null or ScalarType.Bool)
            throw new UnsupportedModelException(
                "A student's input must hold numbers.",
                where: $"input '{inputs[0].Name}'",
                found: TensorTypes.Name(inputs[0].DataTypeOf()),
                expected: "floats, or integers of 8 to 64 bits");
        return new(inputs[0].Name, type.Value, inputs[0].ShapeOf()?.Skip(1).ToList());
    }

    /// <summary>Samples as the file takes them, in the type that the graph computes with: for an input of 16 bits rounded to these.</summary>
    /// <param name="samples">Numbers of any type.</param>
    public Tensor Take(Tensor samples)
    {
        var rounded = Type is ScalarType.Float16 or ScalarType.BFloat16 ? samples.to(Type) : samples;
        return rounded.dtype == ComputedType ? rounded : rounded.to(ComputedType);
    }

    /// <summary>The shape that samples are given before they are fed, by the rule of <see cref="SampleFit"/>.</summary>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <exception cref="InputException">Samples of this shape do not fit.</exception>
    public IReadOnlyList<long> Fit(IReadOnlyList<int> sampleShape)
    {
        if (Dims is null)
            return [.. sampleShape];
        return SampleFit.Find(Dims, sampleShape) ?? throw new InputException(
            "The samples do not fit the student's input.",
            where: $"input '{Name}'",
            found: $"samples of shape {Shapes.Format(sampleShape)} ({sampleShape.Aggregate(1L, (product, size) => product * size)} values)",
            expected: $"{Shapes.Format(Dims)} after the batch axis",
            remedy: "check that this student and this transfer set belong together");
    }
}
