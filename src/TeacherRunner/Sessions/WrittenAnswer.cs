using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>What a session reads that was written for a model.</summary>
/// <param name="Outputs">The values of each output of the interface, as floats, laid out as it says; <c>null</c>: it has none there.</param>
/// <param name="Labels">What each output of labels says, as text, with its shape.</param>
internal sealed record WrittenAnswer(IReadOnlyList<float[]?> Outputs, IReadOnlyList<(string[] Values, long[] Shape)> Labels);

/// <summary>Reads values of ONNX Runtime as an application does that knows their types.</summary>
internal static class WrittenValues
{
    /// <summary>Numbers of a tensor as floats.</summary>
    public static float[] Floats(OrtValue value, ElementType type) => type switch
    {
        ElementType.Float32 => value.GetTensorDataAsSpan<float>().ToArray(),
        ElementType.Float64 => Array.ConvertAll(value.GetTensorDataAsSpan<double>().ToArray(), number => (float)number),
        ElementType.Float16 => Array.ConvertAll(value.GetTensorDataAsSpan<Float16>().ToArray(), number => (float)number),
        _ => throw new InvalidOperationException($"No output is read as {type}."),
    };

    /// <summary>The scores of a map for each sample, in the order of the keys.</summary>
    /// <exception cref="CheckFailedException">A key is missing, or there are others.</exception>
    public static float[] Maps(OrtValue sequence, IReadOnlyList<string> keys, string output)
    {
        var scores = new List<float>();
        var allocator = OrtAllocator.DefaultInstance;
        for (var row = 0; row < sequence.GetValueCount(); row++)
        {
            using var map = sequence.GetValue(row, allocator);
            using var names = map.GetValue(0, allocator);
            using var values = map.GetValue(1, allocator);
            var found = Texts(names).Zip(values.GetTensorDataAsSpan<float>().ToArray()).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
            if (found.Count != keys.Count || keys.FirstOrDefault(key => !found.ContainsKey(key)) is not null)
                throw new CheckFailedException(
                    "A map does not have the keys that its teacher's has.", $"output '{output}'", string.Join(", ", found.Keys), string.Join(", ", keys),
                    "set export.interface: own, and report a defect");
            scores.AddRange(keys.Select(key => found[key]));
        }

        return [.. scores];
    }

    /// <summary>Whole numbers or texts of a tensor, as texts.</summary>
    public static string[] Texts(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType switch
    {
        TensorElementType.String => value.GetStringTensorAsArray(),
        TensorElementType.Int64 => Written<long>(value),
        TensorElementType.Int32 => Written<int>(value),
        TensorElementType.Int16 => Written<short>(value),
        TensorElementType.Int8 => Written<sbyte>(value),
        TensorElementType.UInt64 => Written<ulong>(value),
        TensorElementType.UInt32 => Written<uint>(value),
        TensorElementType.UInt16 => Written<ushort>(value),
        TensorElementType.UInt8 => Written<byte>(value),
        TensorElementType.Float => Written<float>(value),
        TensorElementType.Double => Written<double>(value),
        TensorElementType.Float16 => Array.ConvertAll(value.GetTensorDataAsSpan<Float16>().ToArray(), number => ((float)number).ToString(CultureInfo.InvariantCulture)),
        TensorElementType.Bool => Array.ConvertAll(value.GetTensorDataAsSpan<bool>().ToArray(), holds => holds ? "1" : "0"),
        var other => throw new InvalidOperationException($"No label is read as {other}."),
    };

    private static string[] Written<T>(OrtValue value)
        where T : unmanaged, IFormattable => Array.ConvertAll(value.GetTensorDataAsSpan<T>().ToArray(), number => number.ToString(null, CultureInfo.InvariantCulture));
}
