using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Logits;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>Runs a model once on made-up samples to learn the shape and the meaning of its output before any work starts.</summary>
internal static class HeadProbe
{
    // Not a usual number of classes, so that a softmax along the batch axis cannot pass for one along the classes.
    private const int Rows = 5;

    /// <summary>Finds out what the session gives.</summary>
    /// <param name="session">The session.</param>
    /// <param name="fed">The input to feed.</param>
    /// <param name="read">The outputs to read: logits, then the original output.</param>
    /// <param name="input">The input's description.</param>
    /// <param name="trace">What the graph's structure claims.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <returns>The head, and the dimensions of a row of the tensor that is read.</returns>
    public static (LogitHead Head, long[] RowDims) Establish(
        InferenceSession session, string[] fed, string[] read, ModelInput input, LogitTrace trace, string model)
    {
        var rows = input.FixedBatch ?? Rows;
        using var run = new RunOptions();
        using var samples = OrtValue.CreateTensorValueFromMemory(MakeSamples(rows, input), input.ShapeOf(rows));
        using var results = Run(session, run, fed, samples, read, model, rows);

        var shape = results[0].GetTensorTypeAndShape().Shape;
        if (shape.Length == 0 || shape[0] != rows || shape.Skip(1).Count(d => d != 1) > 1)
            throw new UnsupportedModelException(
                "The model does not give one row of class scores per sample.", $"tensor '{trace.Logits}' of {model}",
                $"[{string.Join(", ", shape)}] for a batch of {rows}", $"[{rows}, classes]",
                "name the tensor that holds the class scores (output: in a recipe)");

        var columns = (int)shape.Skip(1).Aggregate(1L, (product, d) => product * d);
        var logits = results[0].GetTensorDataAsSpan<float>();
        var outputs = results[1].GetTensorDataAsSpan<float>();
        return (LogitHead.Establish(trace, outputs, logits, columns, model), shape[1..]);
    }

    /// <summary>The error for a model that opened, but does not run.</summary>
    public static InputException RunFailed(OnnxRuntimeException e, string model, int rows) => new(
        $"ONNX Runtime failed while it ran the model on a batch of {rows}.", model, SessionFactory.Explain(e), null,
        "if the model was exported for one batch size only, export it again with a dynamic or a declared batch axis", e);

    private static IDisposableReadOnlyCollection<OrtValue> Run(
        InferenceSession session, RunOptions run, string[] fed, OrtValue samples, string[] read, string model, int rows)
    {
        try
        {
            return session.Run(run, fed, [samples], read);
        }
        catch (OnnxRuntimeException e)
        {
            throw RunFailed(e, model, rows);
        }
    }

    // Evenly spread over [0, 1) by the golden ratio: no two samples, and no two values of a sample, are alike.
    private static float[] MakeSamples(int rows, ModelInput input)
    {
        const double goldenRatio = 0.618033988749895;
        var samples = new float[rows * input.SampleElements];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = (float)(i * goldenRatio % 1);
        return samples;
    }
}
