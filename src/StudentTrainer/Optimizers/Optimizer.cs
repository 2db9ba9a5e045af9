using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>Updates parameters from gradients; its state is a set of named tensors, one of each kind per parameter.</summary>
internal abstract class Optimizer : IDisposable
{
    private readonly List<NamedTensor> state = [];
    private readonly double weightDecay;
    private readonly HostPass? pass;
    private readonly HostMemory<float>[] values;
    private readonly double[] decays;

    /// <summary>Remembers the parameters.</summary>
    protected Optimizer(OptimizerOptions options, IReadOnlyList<NamedTensor> parameters)
    {
        Parameters = parameters;
        weightDecay = options.WeightDecay;
        pass = HostPass.Over([.. parameters.Select(parameter => parameter.Tensor)]);
        values = ValuesOf(parameters.Select(parameter => parameter.Tensor));
        decays = [.. parameters.Select(parameter => DecayOf(parameter.Tensor))];
    }

    /// <summary>What a checkpoint must keep, besides the count of steps.</summary>
    public IReadOnlyList<NamedTensor> State => state;

    /// <summary>What is updated.</summary>
    protected IReadOnlyList<NamedTensor> Parameters { get; }

    /// <summary>Updates every parameter in place. Call it without autograd.</summary>
    /// <param name="gradients">One per parameter; they may be overwritten.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="step">Counted from 1.</param>
    public void Step(IReadOnlyList<Tensor> gradients, double learningRate, long step)
    {
        if (pass is not null && gradients.All(HostPass.Fits))
        {
            var slopes = gradients.Select(gradient => new HostMemory<float>(gradient)).ToArray();
            pass.Run((i, start, count) => Update(
                i, start, decays[i], values[i].Slice(start, count), slopes[i].Slice(start, count), learningRate, step));
            return;
        }
        for (var i = 0; i < Parameters.Count; i++)
            Update(i, Parameters[i].Tensor, gradients[i], learningRate, step);
    }

    /// <inheritdoc/>
    public void Dispose() => state.ForEach(slot => slot.Tensor.Dispose());

    /// <summary>Updates one parameter.</summary>
    protected abstract void Update(int index, Tensor parameter, Tensor gradient, double learningRate, long step);

    /// <summary>Updates some values of one parameter on the CPU, to the same effect.</summary>
    /// <param name="index">Of the parameter.</param>
    /// <param name="start">Of the first value.</param>
    /// <param name="decay">Its weight decay.</param>
    /// <param name="parameter">The values.</param>
    /// <param name="gradient">Their gradient.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="step">Counted from 1.</param>
    protected abstract void Update(
        int index, int start, double decay, Span<float> parameter, ReadOnlySpan<float> gradient, double learningRate, long step);

    /// <summary>Where the values of tensors lie; empty where updates are left to libtorch.</summary>
    protected HostMemory<float>[] ValuesOf(IEnumerable<Tensor> tensors) =>
        pass is null ? [] : [.. tensors.Select(tensor => new HostMemory<float>(tensor))];

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
