using OnnxKd.StudentTrainer.Graph;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>Updates parameters from gradients; its state is a set of named tensors, one of each kind per parameter.</summary>
internal abstract class Optimizer : IDisposable
{
    private readonly List<NamedTensor> state = [];
    private readonly double weightDecay;

    /// <summary>Remembers the parameters.</summary>
    protected Optimizer(OptimizerOptions options, IReadOnlyList<NamedTensor> parameters)
    {
        Parameters = parameters;
        weightDecay = options.WeightDecay;
    }

    /// <summary>What a checkpoint must keep, besides the count of steps.</summary>
    public IReadOnlyList<NamedTensor> State => state;

    /// <summary>What is updated.</summary>
    protected IReadOnlyList<NamedTensor> Parameters { get; }

    /// <summary>Updates every parameter in place. Call it without autograd.</summary>
    /// <param name="gradients">One per parameter; they may be overwritten. <c>null</c>: no sample came past it, and it stays as it is.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="step">Counted from 1.</param>
    public void Step(IReadOnlyList<Tensor?> gradients, double learningRate, long step)
    {
        for (var i = 0; i < Parameters.Count; i++)
            if (gradients[i] is { } gradient)
                Update(i, Parameters[i].Tensor, gradient, learningRate, step);
    }

    /// <inheritdoc/>
    public void Dispose() => state.ForEach(slot => slot.Tensor.Dispose());

    /// <summary>Updates one parameter.</summary>
    protected abstract void Update(int index, Tensor parameter, Tensor gradient, double learningRate, long step);

    /// <summary>The weight decay of a parameter: none for biases and the scales of normalisations, which have one axis.</summary>
    protected double DecayOf(Tensor parameter) => parameter.ndim >= 2 ? weightDecay : 0;

    /// <summary>A kind of state: a tensor of zeros for each parameter.</summary>
    protected Tensor[] AddState(string kind)
    {
        Tensor[] slots = [.. Parameters.Select(p => zeros_like(p.Tensor, requires_grad: false).DetachFromDisposeScope())];
        state.AddRange(slots.Zip(Parameters, (slot, parameter) => new NamedTensor($"{kind}/{parameter.Name}", slot)));
        return slots;
    }
}
