using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>
/// The losses of the current epoch. Each step leaves its figures on the device; they are fetched together every
/// <see cref="Interval"/> steps, so that no step waits for the device.
/// </summary>
/// <param name="terms">The names of the terms.</param>
/// <param name="set">The samples, for messages.</param>
/// <param name="device">Where the figures are.</param>
internal sealed class LossLog(IReadOnlyList<string> terms, TransferSet set, Device device) : IDisposable
{
    /// <summary>Steps between fetches.</summary>
    public const int Interval = 50;

    private const int NamedSamples = 5;

    private readonly Tensor figures = zeros([Interval, terms.Count + 1], float32, device).DetachFromDisposeScope();
    private readonly List<(int Epoch, int Step, ReadOnlyMemory<long> Rows)> pending = [];

    /// <summary>Sums over the epoch's samples of the loss and each term.</summary>
    public double[] Sums { get; private set; } = new double[terms.Count + 1];

    /// <summary>The samples in the sums.</summary>
    public long Samples { get; private set; }

    /// <summary>The mean loss so far.</summary>
    public double Loss => Sums[0] / Samples;

    /// <summary>The mean of each term so far.</summary>
    public IReadOnlyDictionary<string, double> Terms =>
        terms.Zip(Sums.Skip(1)).ToDictionary(term => term.First, term => term.Second / Samples);

    /// <summary>Begins an epoch, or goes on with one.</summary>
    public void Restart(double[]? sums = null, long samples = 0)
    {
        Sums = sums ?? new double[terms.Count + 1];
        Samples = samples;
    }

    /// <summary>Notes a step.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="step">The step in the epoch, from 0.</param>
    /// <param name="rows">The rows of the batch.</param>
    /// <param name="parts">The loss, then each term.</param>
    /// <returns>Whether the sums are up to date.</returns>
    public bool Add(int epoch, int step, ReadOnlyMemory<long> rows, Tensor parts)
    {
        figures.select(0, pending.Count).copy_(parts);
        pending.Add((epoch, step, rows));
        if (pending.Count < Interval)
            return false;
        Flush();
        return true;
    }

    /// <summary>Fetches what is outstanding.</summary>
    /// <exception cref="CheckFailedException">A loss is NaN or infinite.</exception>
    public void Flush()
    {
        if (pending.Count == 0)
            return;
        using var scope = NewDisposeScope();
        var values = figures.cpu().data<float>().ToArray();
        for (var i = 0; i < pending.Count; i++)
        {
            var row = values.AsSpan(i * Sums.Length, Sums.Length);
            RequireFinite(row, pending[i].Epoch, pending[i].Step, pending[i].Rows.Span);
            for (var part = 0; part < row.Length; part++)
                Sums[part] += (double)row[part] * pending[i].Rows.Length;
            Samples += pending[i].Rows.Length;
        }
        pending.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => figures.Dispose();

    private void RequireFinite(ReadOnlySpan<float> parts, int epoch, int step, ReadOnlySpan<long> rows)
    {
        var bad = parts[1..].IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (bad < 0 && float.IsFinite(parts[0]))
            return;
        var ids = new List<long>();
        foreach (var row in rows[..Math.Min(NamedSamples, rows.Length)])
            ids.Add(set.FileRow(row));
        throw new CheckFailedException(
            "Training diverged: the loss is not a finite number.",
            where: $"epoch {epoch + 1}, step {step + 1}, first samples of the batch: {Shapes.Format(ids)}",
            found: bad < 0 ? $"loss {parts[0]}" : $"term '{terms[bad]}' is {parts[bad + 1]}",
            remedy: "lower the learning rate, add warm-up or clip the gradient; the last good checkpoint is kept");
    }
}
