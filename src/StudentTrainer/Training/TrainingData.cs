using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>What a student learns from.</summary>
/// <param name="Transfer">The samples (and, for the hard term, labels) that are trained on.</param>
/// <param name="Preprocessing">What is done to samples before the student sees them.</param>
/// <param name="Cache">The teacher's logits; <c>null</c> to train on hard labels only.</param>
/// <param name="Validation">
/// A set to measure on after each epoch: labelled, or with <paramref name="ValidationCache"/>; <c>null</c>: none.
/// </param>
/// <param name="ValidationCache">
/// The teacher's logits for <paramref name="Validation"/>, to measure agreement; <c>null</c>: it is not measured.
/// </param>
public sealed record TrainingData(
    TransferSet Transfer, Preprocessing Preprocessing, LogitCache? Cache, TransferSet? Validation = null, LogitCache? ValidationCache = null);
