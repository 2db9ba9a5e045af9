using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Graph;
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
    internal override (double Lowest, double Highest) Rates => (1e-4, 3);

    /// <inheritdoc/>
    internal override IReadOnlyList<double> Margins => [5];

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

    /// <summary>Starts at rest.</summary>
    public SgdOptimizer(SgdOptions options, IReadOnlyList<NamedTensor> parameters) : base(options, parameters)
    {
        momentum = options.Momentum;
        nesterov = options.Nesterov;
        velocities = momentum == 0 ? null : AddState("velocity");
    }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, double learningRate, long count)
    {
        if (DecayOf(parameter) is not 0 and var decay)
            gradient.AddInPlace(parameter, decay);
        if (velocities is null)
        {
            parameter.AddInPlace(gradient, -learningRate);
            return;
        }
        var velocity = velocities[index].MulInPlace(momentum).AddInPlace(gradient);
        if (nesterov)
            parameter.AddInPlace(gradient, -learningRate).AddInPlace(velocity, -learningRate * momentum);
        else
            parameter.AddInPlace(velocity, -learningRate);
    }
}
