namespace OnnxKd.StudentTrainer.Checkpoints;

/// <summary>How far a training has come.</summary>
/// <param name="Epoch">Finished epochs.</param>
/// <param name="Step">Finished steps of the current epoch.</param>
/// <param name="LossSums">For each learner the losses of the current epoch, summed over its samples so far.</param>
/// <param name="Samples">Samples in the sums.</param>
internal sealed record TrainingPosition(int Epoch, int Step, double[][] LossSums, long Samples);
