using System.Runtime.InteropServices;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Threading;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>What is read besides the samples.</summary>
/// <param name="LabelPositions">Positions of the output that the set's labels are for; <c>null</c>: labels are not read.</param>
/// <param name="Cache">The cache of the streams; <c>null</c> where there are none.</param>
/// <param name="Streams">The streams.</param>
internal sealed record BatchContents(int? LabelPositions, LogitCache? Cache, IReadOnlyList<StreamForm> Streams)
{
    /// <summary>Rows of streams that are drawn beside the batch's own.</summary>
    public IReadOnlyList<(StreamForm Form, int Rows)> Draws { get; init; } = [];

    /// <summary>Decides which.</summary>
    public ulong Seed { get; init; }

    /// <summary>Samples alone.</summary>
    public static BatchContents SamplesOnly { get; } = new(null, null, []);
}

/// <summary>Tensors that batches are read into over and over, each in the type that its values are stored in.</summary>
internal sealed class BatchBuffers : IDisposable
{
    private readonly SampleReader reader;
    private readonly Device device;
    private readonly int threads = get_num_threads();
    private readonly StagingTensor samples;
    private readonly LabelBuffers? labels;
    private readonly TargetBuffers[] targets;
    private readonly DrawnRows[] draws;
    private ReadOnlyMemory<long> filled;

    /// <summary>Makes room for batches.</summary>
    /// <param name="reader">The samples.</param>
    /// <param name="contents">What is read besides the samples.</param>
    /// <param name="shape">[N, ...], of the samples.</param>
    /// <param name="device">Where batches go.</param>
    public BatchBuffers(SampleReader reader, BatchContents contents, long[] shape, Device device)
    {
        (this.reader, this.device) = (reader, device);
        samples = new(shape, float32, device);
        labels = contents.LabelPositions is { } positions ? new(reader, shape[0], positions, device) : null;
        targets = [.. contents.Streams.Select(form => new TargetBuffers(contents.Cache!, form, shape[0], device))];
        draws = [.. contents.Draws.Select(draw => new DrawnRows(reader.Set, contents.Cache!, draw.Form, draw.Rows, contents.Seed, device))];
    }

    /// <summary>Reads a batch, when the device has what was read before. Many values are shared out among as many threads as libtorch has.</summary>
    /// <param name="rows">Rows of the set, at most N.</param>
    /// <param name="view">The random view.</param>
    public void Fill(ReadOnlyMemory<long> rows, uint view)
    {
        StagingTensor.Settle(device);
        var parts = Parts.Threads((long)rows.Length * reader.Set.SampleElements, Math.Min(threads, rows.Length));
        Parts.Run(parts, parts, FillOne);
        filled = rows;
        Array.ForEach(draws, draw => draw.Fill(rows.Span[0], view));

        void FillOne(int part) => FillPart(rows, Start(part), Start(part + 1), view);
        int Start(int part) => (int)((long)rows.Length * part / parts);
    }

    /// <summary>What was read last, on the device.</summary>
    /// <param name="rows">How many rows.</param>
    public Batch ToDevice(int rows)
    {
        var counted = reader.Set.LengthsDigest is null ? null : new CountedRows(reader.Set, filled, device);
        return new(
            samples.OnDevice(rows),
            targets.ToDictionary(stream => stream.Name, stream => stream.ToDevice(rows, counted)),
            labels?.ToDevice(rows, counted),
            counted)
        {
            Drawn = draws.ToDictionary(draw => draw.Draw, draw => draw.ToDevice()),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        samples.Dispose();
        labels?.Dispose();
        Array.ForEach(targets, stream => stream.Dispose());
        Array.ForEach(draws, draw => draw.Dispose());
    }

    private void FillPart(ReadOnlyMemory<long> rows, int start, int end, uint view)
    {
        var part = rows.Span[start..end];
        var values = MemoryMarshal.Cast<byte, float>(samples.Bytes)[(start * reader.Set.SampleElements)..];
        reader.Read(part, view, values, labels is null ? default : labels.From(start));
        foreach (var stream in targets)
            stream.Fill(part, (int)view, start);
    }
}
