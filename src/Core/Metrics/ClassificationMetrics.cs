namespace OnnxKd.Core.Metrics;

/// <summary>How well a classifier did on a labelled set, and how closely it followed its teacher.</summary>
/// <param name="Samples">Samples measured.</param>
/// <param name="Errors">Samples whose largest logit is not at the label (ties: the first index wins).</param>
/// <param name="Accuracy">1 − errors ÷ samples.</param>
/// <param name="Nll">Mean negative log-likelihood of the labels, natural logarithm, T = 1.</param>
/// <param name="Ece">Expected calibration error, 15 equal-width bins of the top probability (Guo et al. 2017).</param>
/// <param name="Agreement">Share of samples whose top class equals the teacher's; <c>null</c> without a teacher.</param>
public sealed record ClassificationMetrics(long Samples, long Errors, double Accuracy, double Nll, double Ece, double? Agreement);
