using System.Numerics.Tensors;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxKd.StudentTrainer.Training.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum: <c>v ← μ v + g</c>, then <c>p ← p − η v</c>, or in Nesterov's form <c>p ← p − η (g + μ v)</c>
/// (Sutskever et al. 2013, arranged as in PyTorch: the rate is outside the momentum).
/// </summary>
internal sealed class SgdOptimizer : Optimizer
{
    private readonly double momentum;
    private readonly bool nesterov;
    private readonly Tensor[]? velocities;
    private readonly HostMemory<float>[] velocityValues;

    /// <summary>Starts at rest.</summary>
    public SgdOptimizer(OptimizerOptions options, IReadOnlyList<NamedTensor> parameters) : base(options, parameters)
    {
        momentum = options.Momentum;
        nesterov = options.Nesterov;
        velocities = momentum == 0 ? null : AddState("velocity");
        velocityValues = ValuesOf(velocities ?? []);
    }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, double learningRate, long step)
    {
        if (DecayOf(parameter) is not 0 and var decay)
            gradient.add_(parameter, decay);
        if (velocities is null)
        {
            parameter.add_(gradient, -learningRate);
            return;
        }
        var velocity = velocities[index].mul_(momentum).add_(gradient);
        if (nesterov)
            parameter.add_(gradient, -learningRate).add_(velocity, -learningRate * momentum);
        else
            parameter.add_(velocity, -learningRate);
    }

    /// <inheritdoc/>
    protected override void Update(
        int index, int start, double decay, Span<float> parameter, Span<float> gradient, double learningRate, long step)
    {
        if (decay != 0)
            TensorPrimitives.FusedMultiplyAdd(parameter, (float)decay, gradient, gradient);
        if (velocities is null)
        {
            TensorPrimitives.FusedMultiplyAdd(gradient, (float)-learningRate, parameter, parameter);
            return;
        }
        var velocity = velocityValues[index].Slice(start, parameter.Length);
        TensorPrimitives.MultiplyAdd(velocity, (float)momentum, gradient, velocity);
        if (nesterov)
            TensorPrimitives.FusedMultiplyAdd(gradient, (float)-learningRate, parameter, parameter);
        TensorPrimitives.FusedMultiplyAdd(velocity, (float)(-learningRate * (nesterov ? momentum : 1)), parameter, parameter);
    }
}
