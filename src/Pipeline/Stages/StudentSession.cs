using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A student's file in ONNX Runtime, each output read as it was trained.</summary>
internal static class StudentSession
{
    /// <summary>Opens it on the CPU.</summary>
    /// <param name="student">The student.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <param name="import">Its outputs.</param>
    public static OnnxClassifier Open(OnnxModel student, SampleShape sampleShape, StudentImport import) => OnnxClassifier.Open(
        student, sampleShape,
        [.. import.Apart().Select(output => new ModelReading { Tensor = output.Output, Kind = output.Kind, ClassAxis = output.ClassAxis, Scores = output.Scores, IsTrained = true })],
        new() { Device = "cpu", Inputs = import.Inputs });
}
