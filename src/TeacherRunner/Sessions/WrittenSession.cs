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
    private readonly WrittenFeed[] feeds;
    private readonly string name;
    private readonly InferenceSession session;

    private WrittenSession(OnnxModel model, ModelInterface written, InterfaceOutput output, SampleShape sampleShape)
    {
        name = model.Path is null ? "the model in memory" : Path.GetFileName(model.Path);
        (this.written, this.output) = (written, output);
        feeds = [.. written.Inputs.Select(input => new WrittenFeed(input, sampleShape, written.Inputs))];
        session = SessionFactory.Open(model.Proto, ExecutionDevice.Resolve("cpu"), threads: 1, name);
    }

    /// <summary>The samples of a run that the session makes.</summary>
    public int Rows => (int)(written.Inputs.First(input => input.Constant is null).Shape[0].Size ?? 2);

    /// <summary>Puts a model into a session.</summary>
    /// <param name="model">Any model.</param>
    /// <param name="written">What the session was written for.</param>
    /// <param name="output">Which of its outputs it reads.</param>
    /// <param name="sampleShape">The shape of one sample, which fits the interface.</param>
    /// <exception cref="InputException">ONNX Runtime refuses the model.</exception>
    public static WrittenSession Open(OnnxModel model, ModelInterface written, InterfaceOutput output, SampleShape sampleShape) =>
        new(model, written, output, sampleShape);

    /// <summary>Runs samples.</summary>
    /// <param name="samples">Some × sample elements, preprocessed as the session does it.</param>
    /// <param name="rows">How many.</param>
    /// <returns>What the session reads, as floats.</returns>
    /// <exception cref="CheckFailedException">The model takes or gives something else than the session was written for.</exception>
    public float[] Run(ReadOnlySpan<float> samples, int rows)
    {
        var fed = new List<OrtValue>();
        using var options = new RunOptions();
        try
        {
            foreach (var feed in feeds)
                fed.Add(feed.Make(samples, rows));
            using var results = session.Run(options, [.. written.Inputs.Select(input => input.Name)], fed, [output.Name, .. output.Scores is null ? Array.Empty<string>() : [output.Scores]]);
            if (output.Scores is null)
                return Read(results[0], output.Name, [rows, .. output.Dims]);
            var boxes = Read(results[0], output.Name, [rows, .. Dims(DetectorForm.BoxColumns)]);
            return Joined(boxes, Read(results[1], output.Scores, [rows, .. Dims(output.Columns - DetectorForm.BoxColumns)]));
        }
        catch (OnnxRuntimeException e)
        {
            throw Refuse(SessionFactory.Explain(e), $"input {string.Join(", ", feeds.Select(feed => $"{feed}"))}, output '{output.Name}'");
        }
        finally
        {
            fed.ForEach(value => value.Dispose());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    private IEnumerable<long> Dims(int columns) => output.Dims.Select((size, axis) => axis == output.ClassAxis ? columns : size);

    /// <summary>Boxes and scores, one behind the other along the columns.</summary>
    private float[] Joined(float[] boxes, float[] scores)
    {
        var inner = (int)output.Dims.Skip(output.ClassAxis!.Value + 1).Aggregate(1L, (product, size) => product * size);
        var (first, second) = (DetectorForm.BoxColumns * inner, (output.Columns - DetectorForm.BoxColumns) * inner);
        return [.. boxes.Chunk(first).Zip(scores.Chunk(second)).SelectMany(pair => pair.First.Concat(pair.Second))];
    }

    private float[] Read(OrtValue value, string of, long[] expected) => value.GetTensorTypeAndShape().Shape is var shape && !shape.SequenceEqual(expected)
        ? throw Refuse($"'{of}' of {Shapes.Format(shape)}", Shapes.Format(expected))
        : Read(value);

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
