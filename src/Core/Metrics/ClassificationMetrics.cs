namespace OnnxKd.Core.Metrics;

/// <summary>How well a classifier did on a labelled set, and how closely it followed its teacher.</summary>
/// <param name="Samples">Samples measured.</param>
/// <param name="Errors">Samples whose largest logit is not at the label (ties: the first index wins).</param>
/// <param name="Accuracy">1 − errors ÷ samples.</param>
/// <param name="Nll">Mean negative log-likelihood of the labels, natural logarithm, T = 1.</param>
/// <param name="Ece">Expected calibration error, 15 equal-width bins of the top probability (Guo et al. 2017).</param>
/// <param name="Agreement">Share of samples whose top class equals the teacher's; <c>null</c> without a teacher.</param>
internal sealed record ClassificationMetrics(long Samples, long Errors, double Accuracy, double Nll, double Ece, double? Agreement);

/// <summary>Samples of one range of the top probability: a point of the reliability diagram.</summary>
/// <param name="Samples">How many.</param>
/// <param name="Confidence">Their mean top probability.</param>
/// <param name="Accuracy">The share of them whose top class is right; equal to the confidence where a model is calibrated.</param>
internal sealed record ReliabilityBin(long Samples, double Confidence, double Accuracy);
