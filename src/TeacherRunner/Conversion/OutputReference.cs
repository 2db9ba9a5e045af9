using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>What a model gives for some samples, kept so that many conversions of it can be compared without running it again.</summary>
internal sealed class OutputReference : IDisposable
{
    private readonly IReadOnlyList<SessionTensor> outputs;
    private readonly List<(FeedBatch Batch, IDisposableReadOnlyCollection<OrtValue> Expected)> batches = [];

    private OutputReference(IReadOnlyList<SessionTensor> outputs) => this.outputs = outputs;

    /// <summary>Runs the model.</summary>
    /// <param name="original">The model.</param>
    /// <param name="samples">What it runs on.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">The model fails.</exception>
    public static OutputReference Of(ModelSession original, ProbeSamples samples, CancellationToken token)
    {
        var reference = new OutputReference(original.Outputs);
        try
        {
            foreach (var (first, rows) in samples.Batches())
            {
                token.ThrowIfCancellationRequested();
                var batch = samples.Feeds.Batch(first, rows);
                reference.batches.Add((batch, original.Run(batch)));
            }
            return reference;
        }
        catch
        {
            reference.Dispose();
            throw;
        }
    }

    /// <summary>Compares a conversion with it.</summary>
    /// <param name="converted">The conversion.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">It fails, or gives tensors of other shapes.</exception>
    public IReadOnlyList<OutputDifference> Compare(ModelSession converted, CancellationToken token)
    {
        var sums = new OutputDifference.Sum(outputs);
        foreach (var (batch, expected) in batches)
        {
            token.ThrowIfCancellationRequested();
            using var found = converted.Run(batch);
            sums.Add(expected, found);
        }
        return sums.Result();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (batch, expected) in batches)
        {
            expected.Dispose();
            batch.Dispose();
        }
    }
}
