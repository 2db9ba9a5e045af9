using Onnx;
using OnnxKd.TeacherRunner.Deployment;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>Runs a model for what is within it.</summary>
internal static class TensorProbe
{
    /// <summary>Told what a tensor is for some samples.</summary>
    /// <param name="tensor">Its place among those that were asked for.</param>
    /// <param name="values">Its values.</param>
    public delegate void Seen(int tensor, ReadOnlySpan<float> values);

    /// <summary>Runs the model on samples from all over a set.</summary>
    /// <param name="model">The model, of which nothing is changed.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="tensors">Float tensors in it, inputs too.</param>
    /// <param name="samples">What it runs on.</param>
    /// <param name="seen">Told of each tensor of each batch.</param>
    /// <param name="onBatch">Told how many samples are done.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="Core.Errors.InputException">The model fails.</exception>
    public static void Run(
        ModelProto model, string name, IReadOnlyList<string> tensors, ProbeSamples samples, Seen seen, Action<long>? onBatch, CancellationToken token)
    {
        var probed = model.Clone();
        probed.Graph.Output.Clear();
        probed.Graph.Output.AddRange(tensors.Select(tensor => GraphEdits.FloatTensor(tensor)));
        using var session = ModelSession.Of(probed, name);
        var done = 0L;
        foreach (var (first, rows) in samples.Batches())
        {
            token.ThrowIfCancellationRequested();
            using var batch = samples.Feeds.Batch(first, rows);
            using var values = session.Run(batch);
            for (var i = 0; i < tensors.Count; i++)
                seen(i, values[i].GetTensorDataAsSpan<float>());
            onBatch?.Invoke(Math.Min(samples.Count, done += rows));
        }
    }
}
