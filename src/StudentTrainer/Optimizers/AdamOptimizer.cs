using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Graph;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>Adam.</summary>
public record AdamOptions : OptimizerOptions
{
    /// <summary>Decay of the first moment; default 0.9.</summary>
    [Setting("decay of the first moment", AtLeast = 0, Below = 1)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment; default 0.999.</summary>
    [Setting("decay of the second moment", AtLeast = 0, Below = 1)]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment; default 1e-8.</summary>
    [Setting("added to the root of the second moment", Above = 0)]
    public double Epsilon { get; init; } = 1e-8;

    /// <inheritdoc/>
    internal override (double Lowest, double Highest) Rates => (1e-5, 0.3);

    /// <inheritdoc/>
    /// <remarks>Steps as large as the rate, whatever the gradient: for a hundred of them far too high a rate goes well, of transformers above all.</remarks>
    internal override IReadOnlyList<double> Margins => [5, 15, 30];

    /// <inheritdoc/>
    internal override Optimizer Start(IReadOnlyList<NamedTensor> parameters) => new AdamOptimizer(this, parameters, decoupledDecay: false);
}

/// <summary>Adam whose weight decay does not pass through the moments.</summary>
public sealed record AdamWOptions : AdamOptions
{
    /// <inheritdoc/>
    internal override Optimizer Start(IReadOnlyList<NamedTensor> parameters) => new AdamOptimizer(this, parameters, decoupledDecay: true);
}

/// <summary>
/// Adam (Kingma and Ba 2015, algorithm 1): <c>m ← β₁ m + (1 − β₁) g</c>, <c>v ← β₂ v + (1 − β₂) g²</c>,
/// <c>p ← p − η m̂ ÷ (√v̂ + ε)</c> with m̂ = m ÷ (1 − β₁ᵗ) and v̂ = v ÷ (1 − β₂ᵗ), t being the parameter's own updates. AdamW (Loshchilov and Hutter 2019) shrinks the
/// weights by η · decay instead of adding decay · p to the gradient.
/// </summary>
internal sealed class AdamOptimizer : Optimizer
{
    private readonly AdamOptions options;
    private readonly bool decoupledDecay;
    private readonly Tensor[] firstMoments;
    private readonly Tensor[] secondMoments;

    /// <summary>Starts with moments of zero.</summary>
    public AdamOptimizer(AdamOptions options, IReadOnlyList<NamedTensor> parameters, bool decoupledDecay) : base(options, parameters)
    {
        this.options = options;
        this.decoupledDecay = decoupledDecay;
        firstMoments = AddState("first_moment");
        secondMoments = AddState("second_moment");
    }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, double learningRate, long count)
    {
        var decay = DecayOf(parameter);
        if (decay != 0 && decoupledDecay)
            parameter.MulInPlace(1 - learningRate * decay);
        else if (decay != 0)
            gradient.AddInPlace(parameter, decay);
        var first = firstMoments[index].MulInPlace(options.Beta1).AddInPlace(gradient, 1 - options.Beta1);
        var second = secondMoments[index].MulInPlace(options.Beta2).AddCMulInPlace(gradient, gradient, 1 - options.Beta2);
        var firstCorrection = 1 - Math.Pow(options.Beta1, count);
        var secondCorrection = 1 - Math.Pow(options.Beta2, count);
        var denominator = second.sqrt().DivInPlace(Math.Sqrt(secondCorrection)).AddInPlace(options.Epsilon);
        parameter.AddCDivInPlace(first, denominator, -learningRate / firstCorrection);
    }
}
