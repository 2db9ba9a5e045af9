using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// A session as an application has it that was written for a model: it feeds and reads by name, in the types and shapes of that model's interface, and
/// adds nothing to a file. Another model that runs in it can stand in for the first.
/// </summary>
public sealed class WrittenSession : IDisposable
{
    private readonly ModelInterface written;
    private readonly InterfaceOutput output;
    private readonly IReadOnlyList<long> sampleDims;
    private readonly string name;
    private readonly InferenceSession session;

    private WrittenSession(OnnxModel model, ModelInterface written, InterfaceOutput output, IReadOnlyList<int> sampleShape)
    {
        name = model.Path is null ? "the model in memory" : Path.GetFileName(model.Path);
        (this.written, this.output) = (written, output);
        sampleDims = Core.Preparation.SampleFit.Find([.. written.Input.Shape.Skip(1).Select(axis => new Dim(axis.Size, axis.Name))], sampleShape)!;
        session = SessionFactory.Open(model.Proto, ExecutionDevice.Resolve("cpu"), threads: 1, name);
    }

    /// <summary>The samples of a run that the session makes.</summary>
    public int Rows => (int)(written.Input.Shape[0].Size ?? 2);

    /// <summary>Puts a model into a session.</summary>
    /// <param name="model">Any model.</param>
    /// <param name="written">What the session was written for.</param>
    /// <param name="output">Which of its outputs it reads.</param>
    /// <param name="sampleShape">The shape of one sample, which fits the interface.</param>
    /// <exception cref="InputException">ONNX Runtime refuses the model.</exception>
    public static WrittenSession Open(OnnxModel model, ModelInterface written, InterfaceOutput output, IReadOnlyList<int> sampleShape) =>
        new(model, written, output, sampleShape);

    /// <summary>Runs samples.</summary>
    /// <param name="samples">Some × sample elements, preprocessed as the session does it.</param>
    /// <param name="rows">How many.</param>
    /// <returns>What the session reads, as floats.</returns>
    /// <exception cref="CheckFailedException">The model takes or gives something else than the session was written for.</exception>
    public float[] Run(ReadOnlySpan<float> samples, int rows)
    {
        long[] shape = [rows, .. sampleDims];
        using var fed = Feed(samples, shape);
        using var options = new RunOptions();
        try
        {
            using var results = session.Run(options, [written.Input.Name], [fed], [output.Name]);
            var info = results[0].GetTensorTypeAndShape();
            long[] expected = [rows, .. output.Dims];
            if (!info.Shape.SequenceEqual(expected))
                throw Refuse($"'{output.Name}' of {Shapes.Format(info.Shape)}", Shapes.Format(expected));
            return Read(results[0]);
        }
        catch (OnnxRuntimeException e)
        {
            throw Refuse(SessionFactory.Explain(e), $"input '{written.Input.Name}' of {ElementTypes.Name(written.Input.Type)} {Shapes.Format(shape)}, output '{output.Name}'");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    private OrtValue Feed(ReadOnlySpan<float> samples, long[] shape)
    {
        return written.Input.Type switch
        {
            ElementType.Float32 => OrtValue.CreateTensorValueFromMemory(samples.ToArray(), shape),
            ElementType.Float64 => Of(samples, value => (double)value),
            ElementType.Float16 => Of(samples, value => (Float16)value),
            ElementType.UInt8 => Of(samples, value => (byte)value),
            ElementType.Int32 => Of(samples, value => (int)value),
            ElementType.Int64 => Of(samples, value => (long)value),
            _ => throw new InvalidOperationException($"No sample is fed as {written.Input.Type}."),
        };

        OrtValue Of<T>(ReadOnlySpan<float> values, Converter<float, T> convert)
            where T : unmanaged => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values.ToArray(), convert), shape);
    }

    private float[] Read(OrtValue value) => output.Type switch
    {
        ElementType.Float32 => value.GetTensorDataAsSpan<float>().ToArray(),
        ElementType.Float64 => Array.ConvertAll(value.GetTensorDataAsSpan<double>().ToArray(), number => (float)number),
        ElementType.Float16 => Array.ConvertAll(value.GetTensorDataAsSpan<Float16>().ToArray(), number => (float)number),
        _ => throw new InvalidOperationException($"No output is read as {output.Type}."),
    };

    private CheckFailedException Refuse(string found, string expected) => new(
        "A model does not run in a session that was written for its teacher.", name, found, expected, "set export.interface: own, and report a defect");
}
