using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Training.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>All that changes while a student is trained, and its checkpoints.</summary>
internal sealed class TrainingState : IDisposable
{
    private readonly string folder;
    private readonly string identity;
    private readonly CheckpointPace pace = new(TimeProvider.System);
    private (int Epoch, int Step)? saved;

    /// <summary>Starts at the student's initial weights.</summary>
    /// <param name="weights">The student's; they outlive the state.</param>
    /// <param name="options">The settings.</param>
    /// <param name="losses">The losses of the epoch; disposed with the state.</param>
    /// <param name="folder">Where checkpoints are.</param>
    /// <param name="identity">Of <see cref="TrainingIdentity.Describe"/>.</param>
    public TrainingState(WeightSet weights, TrainingOptions options, LossLog losses, string folder, string identity)
    {
        this.folder = folder;
        this.identity = identity;
        Weights = weights;
        Losses = losses;
        Optimizer = options.Optimizer.Start(Named("", weights.Parameters));
        Average = options.AverageDecay is { } decay ? new(weights, decay) : null;
    }

    /// <summary>The weights that are trained.</summary>
    public WeightSet Weights { get; }

    /// <summary>The optimizer.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>The averaged weights; <c>null</c> without averaging.</summary>
    public WeightAverage? Average { get; }

    /// <summary>The weights that are evaluated and exported.</summary>
    public WeightSet Evaluated => Average?.Weights ?? Weights;

    /// <summary>The losses of the current epoch.</summary>
    public LossLog Losses { get; }

    /// <summary>Finished epochs.</summary>
    public int Epoch { get; private set; }

    /// <summary>Finished steps of the current epoch.</summary>
    public int Step { get; private set; }

    /// <summary>The finished epochs' figures.</summary>
    public List<EpochEvent> History { get; private set; } = [];

    /// <summary>Goes on from the last checkpoint, if there is one.</summary>
    public void Resume()
    {
        var path = Path.Combine(folder, Checkpoint.Last);
        if (!File.Exists(path))
            return;
        (var position, History) = Checkpoint.Load(path, Everything(), identity);
        (Epoch, Step) = (position.Epoch, position.Step);
        Losses.Restart(position.LossSums, position.Samples);
        saved = (Epoch, Step);
    }

    /// <summary>Ends a step.</summary>
    /// <param name="rows">The rows of its batch.</param>
    /// <param name="parts">The loss, then each term.</param>
    /// <returns>Whether the losses are up to date.</returns>
    public bool Advance(ReadOnlyMemory<long> rows, Tensor parts) => Losses.Add(Epoch, Step++, rows, parts);

    /// <summary>Brings the losses up to date and makes sure that there is nothing in the state that a checkpoint must not keep.</summary>
    /// <exception cref="CheckFailedException">A loss or a weight is NaN or infinite.</exception>
    public void RequireFinite()
    {
        Losses.Flush();
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in Everything())
        {
            if (!tensor.isfinite().all().item<bool>())
                throw new CheckFailedException(
                    "Training diverged: a gradient made a weight infinite or not a number.",
                    where: $"epoch {Epoch + 1}, at or before step {Step}, tensor '{name}'",
                    remedy: "lower the learning rate, add warm-up or clip the gradient; the last good checkpoint is kept");
        }
    }

    /// <summary>Ends the epoch.</summary>
    public void Complete(EpochEvent figures)
    {
        History.Add(figures);
        Epoch++;
        Step = 0;
        Losses.Restart();
    }

    /// <summary>Writes the events, and the last checkpoint if it is time for one.</summary>
    public void SaveEpoch()
    {
        if (pace.IsDue)
            SaveLast();
        else
            EventLog.Write(folder, History);
    }

    /// <summary>Writes the last checkpoint, and the events that go with it, unless that was done.</summary>
    public void SaveLast()
    {
        if (saved == (Epoch, Step))
            return;
        pace.Save(() => Checkpoint.Save(Path.Combine(folder, Checkpoint.Last), Everything(), identity, Position, History));
        EventLog.Write(folder, History);
        saved = (Epoch, Step);
    }

    /// <summary>
    /// Writes the evaluated weights as the best so far. Before the last checkpoint: a run killed in between repeats epochs, and finds the
    /// same best ones.
    /// </summary>
    public void SaveBest() =>
        Checkpoint.Save(Path.Combine(folder, Checkpoint.Best), Named("weights/", Evaluated.Trained), identity, Position, History);

    /// <summary>Puts the best weights in the place of the evaluated ones.</summary>
    public void LoadBest() => Checkpoint.Load(Path.Combine(folder, Checkpoint.Best), Named("weights/", Evaluated.Trained), identity);

    /// <summary>The gradients of the last backward pass, in the parameters' order, taken away from them.</summary>
    public Tensor[] TakeGradients()
    {
        var gradients = Parameters.Select(tensor => tensor.grad!).ToArray();
        foreach (var tensor in Parameters)
            tensor.grad = null;
        return gradients;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        Average?.Dispose();
        Losses.Dispose();
    }

    private IEnumerable<Tensor> Parameters => Weights.Parameters.Select(parameter => parameter.Tensor);

    private TrainingPosition Position => new(Epoch, Step, Losses.Sums, Losses.Samples);

    private List<NamedTensor> Everything() =>
    [
        .. Named("weights/", Weights.Trained),
        .. Optimizer.State.Select(slot => slot with { Name = $"optimizer/{slot.Name}" }),
        .. Average is null ? [] : Named("average/", Average.Weights.Trained),
    ];

    private static List<NamedTensor> Named(string prefix, IEnumerable<(PlannedWeight Weight, Tensor Tensor)> weights) =>
        [.. weights.Select(pair => new NamedTensor(prefix + pair.Weight.Name, pair.Tensor))];
}
