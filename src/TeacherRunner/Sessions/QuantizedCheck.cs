using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// Compares a quantised teacher's answers, computed in integers where ONNX Runtime joins nodes, with those of its nodes one by one, which compute in float32 between
/// quantisations: what its file says of it.
/// </summary>
internal static class QuantizedCheck
{
    /// <summary>How many samples are compared.</summary>
    public const int Rows = 64;

    // Rounding moves an answer by a step or a few; a fifth of all that it says is another answer.
    private const double MostOfLargest = 0.2;

    // Where no step is known.
    private const double WorthAWord = 0.01;

    /// <summary>Compares.</summary>
    /// <param name="session">The teacher.</param>
    /// <param name="file">Its file's name.</param>
    /// <param name="samples">Some samples, preprocessed.</param>
    /// <param name="count">How many.</param>
    /// <returns>A sentence.</returns>
    /// <exception cref="CheckFailedException">They differ by more than a fifth of the largest value.</exception>
    public static string Of(OnnxClassifier session, string file, ReadOnlyMemory<float> samples, int count)
    {
        var results = session.Outputs.Select(output => (Memory<float>)new float[count * output.ValuesPerRun]).ToArray();
        session.Run(samples, count, results);
        return Compare(file, session.Output, session.QuantizationStep, results[0].Span, RunAsFloats(session, samples, count), count);
    }

    /// <inheritdoc cref="Of"/>
    /// <param name="file">The teacher's file.</param>
    /// <param name="output">What it gives.</param>
    /// <param name="step">How far a value moves that is rounded to the code beside; <c>null</c>: not known.</param>
    /// <param name="own">Its answers, computed in integers.</param>
    /// <param name="plain">The same in floats.</param>
    /// <param name="count">Of how many samples.</param>
    internal static string Compare(string file, ModelOutput output, double? step, ReadOnlySpan<float> own, ReadOnlySpan<float> plain, int count)
    {
        var (difference, largest) = (0.0, Math.Abs((double)TensorPrimitives.MaxMagnitude(plain)));
        for (var i = 0; i < plain.Length; i++)
            difference = Math.Max(difference, Math.Abs((double)own[i] - plain[i]));
        var changed = output.Kind.Output() == OutputKind.Classes ? ChangedTops(own, plain, output.Classes) : (int?)null;
        var found = FormattableString.Invariant($"at most {difference:g3} on {count} samples") + (changed is null ? "" : $", another top class in {changed}");
        if (difference > MostOfLargest * largest)
            throw new CheckFailedException(
                "A quantised teacher's integers do not give what its file says.", $"output '{output.Tensor}' of {file}", $"a difference of {found}",
                FormattableString.Invariant($"at most a fifth of the largest value, {MostOfLargest * largest:g3}"),
                "capture it on another processor (x64 with VNNI, arm64), or let the model of floats teach that it was made from");
        var allowed = step ?? WorthAWord * largest;
        var measure = step is { } known ? FormattableString.Invariant($"one step of quantisation is {known:g3}") : FormattableString.Invariant($"the largest value is {largest:g3}");
        return $"{file}: computed in integers; from the float32 reading of its nodes it differs by {found} ({measure}{(difference > allowed * (1 + WorthAWord) ? ": this is more than rounding to one code beside" : "")})";
    }

    /// <summary>Runs samples node by node.</summary>
    /// <param name="session">The teacher.</param>
    /// <param name="samples">count × sample elements, preprocessed.</param>
    /// <param name="count">Samples.</param>
    /// <returns>The first output.</returns>
    internal static float[] RunAsFloats(OnnxClassifier session, ReadOnlyMemory<float> samples, int count)
    {
        using var plain = session.OpenAsFloats();
        var (batch, elements, values) = (session.FixedBatch ?? count, samples.Length / count, session.Output.ValuesPerRun);
        var given = new float[count * values];
        for (var first = 0; first < count; first += batch)
        {
            var (rows, padded) = (Math.Min(batch, count - first), new float[batch * elements]);
            samples.Slice(first * elements, rows * elements).CopyTo(padded);
            Memory<float>[] results = [.. session.Outputs.Select(output => new float[batch * output.ValuesPerRun])];
            plain.Run(padded, batch, results);
            results[0][..(rows * values)].CopyTo(given.AsMemory(first * values));
        }

        return given;
    }

    private static int ChangedTops(ReadOnlySpan<float> own, ReadOnlySpan<float> plain, int classes)
    {
        var changed = 0;
        for (var start = 0; start < plain.Length; start += classes)
            changed += TensorPrimitives.IndexOfMax(own.Slice(start, classes)) == TensorPrimitives.IndexOfMax(plain.Slice(start, classes)) ? 0 : 1;
        return changed;
    }
}
