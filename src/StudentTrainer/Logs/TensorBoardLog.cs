using System.Buffers.Binary;
using Google.Protobuf;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;
using Tensorboard;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Logs;

/// <summary>What event files for TensorBoard hold besides each epoch's figures.</summary>
/// <param name="Histograms">Whether the distribution of each weight is in them.</param>
/// <param name="Pictures">PNG files of samples, shown at step 0.</param>
public sealed record TensorBoardOptions(bool Histograms, IReadOnlyList<byte[]> Pictures)
{
    /// <summary>The folder of the files, within the training's.</summary>
    public const string FolderName = "tensorboard";
}

/// <summary>
/// Writes a file of events for each learner: every figure of <c>events.jsonl</c> as a scalar (in 32 bits) whose step is the epoch. A training that goes on
/// keeps what was written of the epochs that it does not repeat. Where the files cannot be written it warns once, and the training goes on.
/// </summary>
/// <param name="folder">Where the files go; of several learners each has a folder of its own in it.</param>
/// <param name="options">What else they hold.</param>
/// <param name="warn">Told why they cannot be written.</param>
internal sealed class TensorBoardLog(string folder, TensorBoardOptions options, Action<string> warn) : IEpochListener
{
    private const int Bins = 30;

    private readonly Dictionary<Learner, EventFile> files = [];
    private bool isLost;

    /// <inheritdoc/>
    public void Begin(Team team) => Try(() =>
    {
        foreach (var learner in team.Learners)
        {
            var own = team.Learners.Count == 1 ? folder : Path.Combine(folder, learner.Name);
            var file = files[learner] = EventFile.Open(own, learner.History.Count, out var kept);
            var steps = kept.Select(entry => entry.Step).ToHashSet();
            if (options.Pictures.Count > 0 && !steps.Contains(0))
                file.Append(0, options.Pictures.Select(Picture));
            foreach (var epoch in learner.History.Where(epoch => !steps.Contains(epoch.Epoch)))
                file.Append(epoch.Epoch, Scalars(epoch));
        }
    });

    /// <inheritdoc/>
    public void Complete(Team team) => Try(() =>
    {
        foreach (var learner in team.Learners)
        {
            var epoch = learner.History[^1];
            files[learner].Append(epoch.Epoch, [.. Scalars(epoch), .. options.Histograms ? Histograms(learner) : []]);
        }
    });

    private void Try(Action write)
    {
        if (isLost)
            return;
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidProtocolBufferException)
        {
            isLost = true;
            warn($"no event files for TensorBoard: {error.Message}");
        }
    }

    private static IEnumerable<Summary.Types.Value> Scalars(EpochEvent epoch) =>
        epoch.Scalars().Select(figure => new Summary.Types.Value { Tag = figure.Name, SimpleValue = (float)figure.Value });

    private static List<Summary.Types.Value> Histograms(Learner learner)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return [.. learner.Evaluated.Trained.Select(weight => new Summary.Types.Value { Tag = $"weights/{weight.Weight.Name}", Histo = Histogram(weight.Tensor) })];
    }

    /// <summary>Counts in bins of equal width from the smallest value to the largest; the first of TensorBoard's has no lower limit, and is empty.</summary>
    private static HistogramProto Histogram(Tensor weight)
    {
        var values = weight.detach().to(float64).cpu().flatten().data<double>().ToArray();
        var (least, most) = (values.Min(), values.Max());
        var width = most > least ? (most - least) / Bins : 1;
        var counts = new double[Bins];
        foreach (var value in values)
            counts[Math.Min((int)((value - least) / width), Bins - 1)]++;
        var histogram = new HistogramProto
        {
            Min = least, Max = most, Num = values.Length, Sum = values.Sum(), SumSquares = values.Sum(value => value * value), BucketLimit = { least }, Bucket = { 0 },
        };
        histogram.BucketLimit.AddRange(Enumerable.Range(1, Bins).Select(bin => least + bin * width));
        histogram.Bucket.AddRange(counts);
        return histogram;
    }

    private static Summary.Types.Value Picture(byte[] png, int index) => new()
    {
        Tag = $"samples/{index}",
        Image = new()
        {
            // The header's first fields.
            Width = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), Height = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)),
            Colorspace = 4, EncodedImageString = ByteString.CopyFrom(png),
        },
    };
}
