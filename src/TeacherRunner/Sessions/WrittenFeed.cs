using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>One input of a session as an application feeds it: a tensor of the input's own type.</summary>
/// <param name="input">The input.</param>
/// <param name="sample">One sample.</param>
/// <param name="all">All inputs, of which those that samples feed say how long axes of the same name are.</param>
internal sealed class WrittenFeed(InterfaceInput input, SampleShape sample, IReadOnlyList<InterfaceInput> all)
{
    private readonly SamplePart part = (input.Part is null ? null : sample.Find(input.Part)) ?? new(input.Name, ElementType.Float32, [.. sample]);

    /// <summary>Makes the tensor.</summary>
    /// <param name="samples">Some samples.</param>
    /// <param name="rows">How many.</param>
    public OrtValue Make(ReadOnlySpan<float> samples, int rows)
    {
        if (input.Constant is { } constant)
        {
            var lengths = all.Where(other => other.Constant is null).Select(other => new WrittenFeed(other, sample, all)).SelectMany(other => other.Lengths).ToLookup(axis => axis.Name, axis => axis.Length);
            long[] filled = [.. input.Shape.Select(axis => axis.Size ?? lengths[axis.Name ?? ""].FirstOrDefault(rows))];
            return Of(Enumerable.Repeat((float)constant, (int)filled.Aggregate(1L, (product, size) => product * size)).ToArray(), filled);
        }

        var (width, values) = (sample.Aggregate(1, (product, size) => product * size), new float[rows * part.Elements]);
        for (var row = 0; row < rows; row++)
            samples.Slice(row * width + part.Offset, part.Elements).CopyTo(values.AsSpan(row * part.Elements));
        return Of(values, [rows, .. Dims]);
    }

    private IReadOnlyList<long> Dims => SampleFit.Find([.. input.Shape.Skip(1).Select(axis => new Dim(axis.Size, axis.Name))], part.Shape)!;

    private IEnumerable<(string Name, long Length)> Lengths => input.Shape.Skip(1).Zip(Dims, (axis, length) => (axis.Name ?? "", length)).Where(axis => axis.Item1.Length > 0);

    /// <summary>The input with its type and a shape, for people.</summary>
    public override string ToString() => $"'{input.Name}' of {(part.IsText ? "text" : ElementTypes.Name(input.Type))}";

    private OrtValue Of(float[] values, long[] shape)
    {
        if (input.IsText == true)
        {
            var texts = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
            for (var i = 0; i < values.Length; i++)
                texts.StringTensorSetElementAt(part.Texts[(int)values[i]].AsSpan(), i);
            return texts;
        }

        return input.Type switch
        {
            ElementType.Float32 => OrtValue.CreateTensorValueFromMemory(values, shape),
            ElementType.Float64 => Convert(value => (double)value),
            ElementType.Float16 => Convert(value => (Float16)value),
            ElementType.UInt8 => Convert(value => (byte)value),
            ElementType.Int8 => Convert(value => (sbyte)value),
            ElementType.Int16 => Convert(value => (short)value),
            ElementType.Int32 => Convert(value => (int)value),
            ElementType.Int64 => Convert(value => (long)value),
            ElementType.Bool => Convert(value => value != 0),
            _ => throw new InvalidOperationException($"No sample is fed as {input.Type}."),
        };

        OrtValue Convert<T>(Converter<float, T> convert)
            where T : unmanaged => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, convert), shape);
    }
}
