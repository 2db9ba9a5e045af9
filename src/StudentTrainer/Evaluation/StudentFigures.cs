namespace OnnxKd.StudentTrainer.Evaluation;

/// <summary>How well an output of a student did.</summary>
/// <param name="Errors">Samples, or positions, whose largest logit is not at the label; <c>null</c> without labels for them.</param>
/// <param name="Nll">Mean negative log-likelihood of the labels; <c>null</c> without labels for them.</param>
/// <param name="Agreement">
/// Share of positions (that count) at which student and teacher put the same class first, of decisions on labels that are the same, or of detections that both have;
/// <c>null</c> without a teacher.
/// </param>
/// <param name="Kl">Mean KL divergence from the teacher's probabilities, of classes over positions, else over labels; <c>null</c> without a teacher, and for other kinds.</param>
/// <param name="Mse">Mean squared difference to the teacher's values; <c>null</c> for other kinds.</param>
/// <param name="RSquared">The share of the variance of the teacher's values that is explained; <c>null</c> for other kinds.</param>
/// <param name="Cosine">Mean cosine with the teacher's embeddings; <c>null</c> for other kinds.</param>
internal readonly record struct StudentFigures(
    long? Errors, double? Nll, double? Agreement, double? Kl = null, double? Mse = null, double? RSquared = null, double? Cosine = null);
