using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training.Optimizers;

/// <summary>
/// Adam (Kingma and Ba 2015, algorithm 1): <c>m ← β₁ m + (1 − β₁) g</c>, <c>v ← β₂ v + (1 − β₂) g²</c>,
/// <c>p ← p − η m̂ ÷ (√v̂ + ε)</c> with m̂ = m ÷ (1 − β₁ᵗ) and v̂ = v ÷ (1 − β₂ᵗ). AdamW (Loshchilov and Hutter 2019) shrinks the
/// weights by η · decay instead of adding decay · p to the gradient.
/// </summary>
internal sealed class AdamOptimizer : Optimizer
{
    private readonly OptimizerOptions options;
    private readonly bool decoupledDecay;
    private readonly Tensor[] firstMoments;
    private readonly Tensor[] secondMoments;

    /// <summary>Starts with moments of zero.</summary>
    public AdamOptimizer(OptimizerOptions options, IReadOnlyList<NamedTensor> parameters, bool decoupledDecay) : base(options, parameters)
    {
        this.options = options;
        this.decoupledDecay = decoupledDecay;
        firstMoments = AddState("first_moment");
        secondMoments = AddState("second_moment");
    }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, double learningRate, long step)
    {
        var decay = DecayOf(parameter);
        if (decay != 0 && decoupledDecay)
            parameter.mul_(1 - learningRate * decay);
        else if (decay != 0)
            gradient.add_(parameter, decay);
        var first = firstMoments[index].mul_(options.Beta1).add_(gradient, 1 - options.Beta1);
        var second = secondMoments[index].mul_(options.Beta2).addcmul_(gradient, gradient, 1 - options.Beta2);
        var firstCorrection = 1 - Math.Pow(options.Beta1, step);
        var secondCorrection = 1 - Math.Pow(options.Beta2, step);
        var denominator = second.sqrt().div_(Math.Sqrt(secondCorrection)).add_(options.Epsilon);
        parameter.addcdiv_(first, denominator, -learningRate / firstCorrection);
    }
}
