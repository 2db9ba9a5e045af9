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
internal sealed class WrittenSession : IDisposable
{
    private readonly ModelInterface written;
    private readonly WrittenFeed[] feeds;
    private readonly string name;
    private readonly string[] read;
    private readonly InferenceSession session;

    private WrittenSession(OnnxModel model, ModelInterface written, SampleShape sampleShape)
    {
        name = model.Path is null ? "the model in memory" : Path.GetFileName(model.Path);
        this.written = written;
        feeds = [.. written.Inputs.Select(input => new WrittenFeed(input, sampleShape, written.Inputs))];
        read = [.. written.Outputs.OfType<InterfaceOutput>().SelectMany(output => output.Names).Concat(written.Labels.Select(label => label.Name))];
        session = SessionFactory.Open(model.Given, ExecutionDevice.Resolve("cpu"), threads: 1, name);
    }

    /// <summary>The samples of a run that the session makes; <c>null</c>: any number.</summary>
    public int? FixedRows => (int?)written.Inputs.First(input => input.Constant is null).Shape[0].Size;

    /// <summary>Puts a model into a session.</summary>
    /// <param name="model">Any model.</param>
    /// <param name="written">What the session was written for.</param>
    /// <param name="sampleShape">The shape of one sample, which fits the interface.</param>
    /// <exception cref="InputException">ONNX Runtime refuses the model.</exception>
    public static WrittenSession Open(OnnxModel model, ModelInterface written, SampleShape sampleShape) => new(model, written, sampleShape);

    /// <summary>Runs samples, once for everything that is read.</summary>
    /// <param name="samples">Some × sample elements, preprocessed as the session does it.</param>
    /// <param name="rows">How many.</param>
    /// <exception cref="CheckFailedException">The model takes or gives something else than the session was written for.</exception>
    public WrittenAnswer Run(ReadOnlySpan<float> samples, int rows)
    {
        var fed = new List<OrtValue>();
        using var options = new RunOptions();
        try
        {
            foreach (var feed in feeds)
                fed.Add(feed.Make(samples, rows));
            using var results = session.Run(options, [.. written.Inputs.Select(input => input.Name)], fed, read);
            var given = read.Zip(results).ToDictionary(pair => pair.First, pair => pair.Second);
            return new(
                [.. written.Outputs.Select(output => output is null ? null : Read(output, given, rows))],
                [.. written.Labels.Select(label => (WrittenValues.Texts(given[label.Name]), given[label.Name].GetTensorTypeAndShape().Shape))]);
        }
        catch (OnnxRuntimeException e)
        {
            throw Refuse(SessionFactory.Explain(e), $"input {string.Join(", ", feeds.Select(feed => $"{feed}"))}, output {string.Join(", ", read.Select(output => $"'{output}'"))}");
        }
        finally
        {
            fed.ForEach(value => value.Dispose());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    private float[] Read(InterfaceOutput output, Dictionary<string, OrtValue> given, int rows)
    {
        if (output.Keys is { } keys)
            return WrittenValues.Maps(given[output.Name], keys, output.Name);
        if (output.Scores is null)
            return Read(given[output.Name], output, output.Name, [rows, .. output.Dims]);
        var (first, second) = (DetectorForm.BoxColumns, output.Columns - DetectorForm.BoxColumns);
        var (boxes, scores) = (Read(given[output.Name], output, output.Name, [rows, .. Dims(first)]), Read(given[output.Scores], output, output.Scores, [rows, .. Dims(second)]));
        // One behind the other along the columns.
        var inner = (int)output.Dims.Skip(output.ClassAxis!.Value + 1).Aggregate(1L, (product, size) => product * size);
        return [.. boxes.Chunk(first * inner).Zip(scores.Chunk(second * inner)).SelectMany(pair => pair.First.Concat(pair.Second))];

        IEnumerable<long> Dims(int columns) => output.Dims.Select((size, axis) => axis == output.ClassAxis ? columns : size);
    }

    private float[] Read(OrtValue value, InterfaceOutput output, string of, long[] expected) => value.GetTensorTypeAndShape().Shape is var shape && !shape.SequenceEqual(expected)
        ? throw Refuse($"'{of}' of {Shapes.Format(shape)}", Shapes.Format(expected))
        : WrittenValues.Floats(value, output.Type);

    private CheckFailedException Refuse(string found, string expected) => new(
        "A model does not run in a session that was written for its teacher.", name, found, expected, "set export.interface: own, and report a defect");
}
