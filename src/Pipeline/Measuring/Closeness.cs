using OnnxKd.Core.Logits;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>How closely a model follows its teacher; figures as in <see cref="ModelMetrics"/>.</summary>
/// <param name="Samples">Samples compared.</param>
/// <param name="Agreement">Share of the same decisions.</param>
/// <param name="ConstantAgreement">That of the best constant answer.</param>
/// <param name="Kl">Of classes and labels.</param>
/// <param name="Mse">Of values.</param>
/// <param name="RSquared">Of values.</param>
/// <param name="Cosine">Of embeddings.</param>
internal sealed record Closeness(
    long Samples, double? Agreement = null, double? ConstantAgreement = null, double? Kl = null, double? Mse = null, double? RSquared = null, double? Cosine = null)
{
    /// <summary>Of detector heads.</summary>
    public double? Precision { get; init; }

    /// <summary>Of detector heads.</summary>
    public double? Recall { get; init; }

    /// <summary>Of detector heads.</summary>
    public double? BoxOverlap { get; init; }

    /// <summary>Takes those of a model's figures.</summary>
    public static Closeness Of(ModelMetrics figures, long samples)
    {
        var close = new Closeness(samples, figures.Agreement, figures.ConstantAgreement, figures.Kl, figures.Mse, figures.RSquared, figures.Cosine);
        return figures.Kind != OutputKind.Detector ? close : close with { Precision = figures.Precision, Recall = figures.Recall, BoxOverlap = figures.BoxOverlap };
    }
}
