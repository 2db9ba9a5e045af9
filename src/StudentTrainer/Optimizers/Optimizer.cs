using System.Runtime.InteropServices;
using OnnxKd.StudentTrainer.Graph;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>Updates parameters from gradients; its state is a set of named tensors: one of each kind per parameter, and how often each was updated.</summary>
internal abstract class Optimizer : IDisposable
{
    private readonly List<NamedTensor> state = [];
    private readonly Tensor updates;
    private readonly double weightDecay;

    /// <summary>Remembers the parameters.</summary>
    protected Optimizer(OptimizerOptions options, IReadOnlyList<NamedTensor> parameters)
    {
        Parameters = parameters;
        weightDecay = options.WeightDecay;
        updates = zeros(parameters.Count, float32, CPU).DetachFromDisposeScope();
        state.Add(new("updates", updates));
    }

    /// <summary>What a checkpoint must keep.</summary>
    public IReadOnlyList<NamedTensor> State => state;

    /// <summary>What is updated.</summary>
    protected IReadOnlyList<NamedTensor> Parameters { get; }

    /// <summary>Updates every parameter in place. Call it without autograd.</summary>
    /// <param name="gradients">One per parameter; they may be overwritten. <c>null</c>: no sample came past it, and it stays as it is.</param>
    /// <param name="learningRate">The rate of this step.</param>
    public void Step(IReadOnlyList<Tensor?> gradients, double learningRate)
    {
        var counts = MemoryMarshal.Cast<byte, float>(updates.bytes);
        for (var i = 0; i < Parameters.Count; i++)
            if (gradients[i] is { } gradient)
                Update(i, Parameters[i].Tensor, gradient, learningRate, (long)++counts[i]);
    }

    /// <inheritdoc/>
    public void Dispose() => state.ForEach(slot => slot.Tensor.Dispose());

    /// <summary>Updates one parameter.</summary>
    /// <param name="index">Which.</param>
    /// <param name="parameter">The parameter.</param>
    /// <param name="gradient">Its gradient; may be overwritten.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="count">Which update of this parameter it is, from 1.</param>
    protected abstract void Update(int index, Tensor parameter, Tensor gradient, double learningRate, long count);

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
