using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>Stochastic gradient descent with momentum.</summary>
public sealed record SgdOptions : OptimizerOptions
{
    /// <summary>Momentum; default 0.9.</summary>
    [Setting("momentum", AtLeast = 0, Below = 1)]
    public double Momentum { get; init; } = 0.9;

    /// <summary>Nesterov's form of momentum; default true.</summary>
    [Setting("Nesterov's form of momentum")]
    public bool Nesterov { get; init; } = true;

    /// <inheritdoc/>
    internal override Optimizer Start(IReadOnlyList<NamedTensor> parameters) => new SgdOptimizer(this, parameters);
}

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
    public SgdOptimizer(SgdOptions options, IReadOnlyList<NamedTensor> parameters) : base(options, parameters)
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
        int index, int start, double decay, Span<float> parameter, ReadOnlySpan<float> gradient, double learningRate, long step)
    {
        var (rate, shrinkage, kept) = (Vector512.Create((float)-learningRate), Vector512.Create((float)decay), Vector512.Create((float)momentum));
        var velocity = velocities is null ? [] : velocityValues[index].Slice(start, parameter.Length);
        for (var i = 0; i < parameter.Length; i += Lanes.Count)
        {
            var values = Lanes.Load(parameter, i);
            var change = Vector512.FusedMultiplyAdd(values, shrinkage, Lanes.Load(gradient, i));
            if (velocities is not null)
            {
                var speed = Vector512.FusedMultiplyAdd(Lanes.Load(velocity, i), kept, change);
                Lanes.Store(speed, velocity, i);
                change = nesterov ? Vector512.FusedMultiplyAdd(speed, kept, change) : speed;
            }
            Lanes.Store(Vector512.FusedMultiplyAdd(change, rate, values), parameter, i);
        }
    }
}
