using OnnxKd.Core.Logits;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>A student that is trained: its graph, its weights, what it minimises and how its weights are updated.</summary>
internal sealed class Learner : IDisposable
{
    private readonly TrainingOptions options;
    private IReadOnlyList<(PlannedWeight Weight, Tensor Tensor)> trained = [];
    private Optimizer? optimizer;
    private WeightAverage? average;

    private Learner(LearnerDraft draft, StudentProgram program, Objective objective, TrainingData data, TrainingOptions options, Device device)
    {
        (Name, Graph, Outputs, Program, Objective, this.options) = (draft.Options.Name, draft.Graph, draft.Outputs, program, objective, options);
        Weights = WeightSet.Load(program.Plan, device, trainable: true);
        Losses = new(objective.Names, data.Transfer, device);
    }

    /// <summary>Its name among the learners.</summary>
    public string Name { get; }

    /// <summary>Its graph.</summary>
    public StudentGraph Graph { get; }

    /// <summary>Its graph, compiled for its class scores and all that terms read.</summary>
    public StudentProgram Program { get; }

    /// <summary>What it gives for a sample, and learns.</summary>
    public IReadOnlyList<StudentOutput> Outputs { get; }

    /// <summary>The first of them, which labels are for, and which decides what the best epoch is.</summary>
    public StudentOutput Output => Outputs[0];

    /// <summary>What it minimises.</summary>
    public Objective Objective { get; }

    /// <summary>The weights that are trained.</summary>
    public WeightSet Weights { get; }

    /// <summary>The weights that are evaluated and exported: the averaged ones, if they are averaged.</summary>
    public WeightSet Evaluated => average?.Weights ?? Weights;

    /// <summary>The losses of the current epoch.</summary>
    public LossLog Losses { get; }

    /// <summary>The finished epochs' figures.</summary>
    public List<EpochEvent> History { get; } = [];

    /// <summary>What its first output holds.</summary>
    public OutputKind Kind => KindOf(Output);

    /// <summary>What an output holds: what it says, else what its terms take it for.</summary>
    public OutputKind KindOf(StudentOutput output) => output.Kind
        ?? (Objective.KindOf(output.Name) is var taken && taken == OutputKind.Classes && output.Classes == 1 ? OutputKind.Labels : taken);

    /// <summary>Whether a term reads its class scores, so that all of its weights must learn.</summary>
    public bool LearnsScores => Learns(Output);

    /// <summary>Whether a term reads an output.</summary>
    public bool Learns(StudentOutput output) => Objective.Sources.Any(source =>
        source is { Use: { IsTarget: false, IsOutput: true } } && source.Tensor == output.Name);

    /// <summary>All that a checkpoint must keep of it.</summary>
    public IEnumerable<NamedTensor> State =>
    [
        .. Named("weights/", Weights.Trained),
        .. optimizer!.State.Select(slot => slot with { Name = $"optimizer/{slot.Name}" }),
        .. average is null ? [] : Named("average/", average.Weights.Trained),
    ];

    /// <summary>The weights that are the result.</summary>
    public IReadOnlyList<NamedTensor> Result => Named("weights/", Evaluated.Trained);

    /// <summary>Compiles a draft for everything that is read of it.</summary>
    /// <param name="draft">The learner, with all its attachments.</param>
    /// <param name="objective">What it minimises.</param>
    /// <param name="read">The tensors that terms read, of any learner.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="options">How.</param>
    /// <param name="device">Where.</param>
    public static Learner Compile(
        LearnerDraft draft, Objective objective, IEnumerable<string> read, TrainingData data, TrainingOptions options, Device device)
    {
        var program = draft.Graph.CompileForTraining(
            [.. draft.Outputs.Select(output => output.Name).Concat(read).Distinct()], TrainingPrecision.IsMixed(options, device)) with
        {
            Layouts = [.. draft.Outputs.Select(output => output.Layout)],
            Probabilities = [.. draft.Outputs.Select(output => output.ProbabilitiesOf)],
        };
        return new(draft, program, objective, data, options, device);
    }

    /// <summary>Starts at the weights as they are.</summary>
    /// <param name="learned">Names of the weights that get a gradient.</param>
    public void Start(IReadOnlySet<string> learned)
    {
        trained = [.. Weights.Parameters.Where(parameter => learned.Contains(parameter.Weight.Name))];
        optimizer = options.Optimizer.Start(Named("", trained));
        average = options.AverageDecay is { } decay ? new(Weights, decay) : null;
    }

    /// <summary>Runs a batch.</summary>
    /// <param name="weights">Its weights, or a copy.</param>
    /// <param name="samples">[N, ...].</param>
    /// <param name="training">Training or evaluation.</param>
    /// <returns>By tensor: class scores as [N, positions..., classes], features as they lie in the model.</returns>
    public IReadOnlyDictionary<string, Tensor> Forward(WeightSet weights, Tensor samples, bool training)
    {
        var given = Program.Run(weights, samples, training);
        for (var i = 0; i < Outputs.Count; i++)
            given[i] = Program.ClassesLast(given[i], i);
        return Program.Outputs.Zip(given).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }

    /// <summary>Updates the weights by the gradients of the last backward pass, and forgets these. Call it without autograd.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="step">Counted from 1.</param>
    public void Update(double learningRate, long step)
    {
        var gradients = trained.Select(parameter => parameter.Tensor.grad).ToArray();
        foreach (var (_, tensor) in trained)
            tensor.grad = null;
        if (options.ClipNorm is { } clipNorm)
            WeightConstraints.ClipNorm([.. gradients.OfType<Tensor>()], clipNorm);
        optimizer!.Step(gradients, learningRate);
        if (options.MaxNorm is { } maxNorm)
            WeightConstraints.LimitUnitNorms(trained, maxNorm);
        average?.Update(step);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer?.Dispose();
        average?.Dispose();
        Losses.Dispose();
        Weights.Dispose();
    }

    private static List<NamedTensor> Named(string prefix, IEnumerable<(PlannedWeight Weight, Tensor Tensor)> weights) =>
        [.. weights.Select(pair => new NamedTensor(prefix + pair.Weight.Name, pair.Tensor))];
}
