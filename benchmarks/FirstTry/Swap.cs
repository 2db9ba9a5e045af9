using Microsoft.ML.OnnxRuntime;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>Whether a student runs where its teacher ran: a session is written from what ONNX Runtime says of the teacher's file, and then opens the student's.</summary>
internal static class Swap
{
    private const int Rows = 8;

    /// <summary>Swaps.</summary>
    /// <returns>Whether the student takes the same feeds and gives the same kind of answer: name, type, shape, and rows that sum to 1 where the teacher's do.</returns>
    public static bool Works(FirstTryCase plain, string teacher, string student)
    {
        using var written = new InferenceSession(teacher);
        using var swapped = new InferenceSession(student);
        var output = written.OutputMetadata.First().Key;
        var samples = plain.Test[..(Rows * plain.Elements)];
        var fed = written.InputMetadata.ToDictionary(input => input.Key, input => Tensor(input.Key == FirstTryCase.Mask ? FirstTryCase.MaskOf(samples) : samples, input.Value));
        try
        {
            var (taught, own) = (Run(written), Run(swapped));
            return taught.Shape.SequenceEqual(own.Shape) && Sums(taught).SequenceEqual(Sums(own));
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
        finally
        {
            foreach (var value in fed.Values)
                value.Dispose();
        }

        OrtValue Tensor(float[] values, NodeMetadata input)
        {
            long[] shape = [Rows, .. input.Dimensions.Skip(1).Select((size, axis) => size > 0 ? (long)size : plain.Shape[axis])];
            return plain.AreTokens
                ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, value => (long)value), shape)
                : OrtValue.CreateTensorValueFromMemory(values, shape);
        }

        (long[] Shape, float[] Values) Run(InferenceSession session)
        {
            using var options = new RunOptions();
            using var results = session.Run(options, fed, [output]);
            return (results[0].GetTensorTypeAndShape().Shape, results[0].GetTensorDataAsSpan<float>().ToArray());
        }

        static IEnumerable<bool> Sums((long[] Shape, float[] Values) answer) => answer.Values.Chunk((int)answer.Shape[^1]).Select(row => Math.Abs(row.Sum() - 1) < 1e-3 && row.Min() >= 0);
    }
}
