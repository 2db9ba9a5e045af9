using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Runs a student in the trainer's own executor (libtorch), in evaluation mode: the other side of the parity check.</summary>
public static class StudentInference
{
    /// <summary>Runs a whole set and hands out each batch of logits: first row, then rows × classes values.</summary>
    public static void RunAll(
        OnnxModel student, SampleReader reader, int batchSize, string device, Action<long, ReadOnlyMemory<float>> onBatch, CancellationToken token) =>
        throw new NotImplementedException();
}
