using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>The table of built-in architectures; each builds an ONNX graph.</summary>
public static class Architectures
{
    /// <summary>The known names.</summary>
    public static IReadOnlyList<string> Names => throw new NotImplementedException();

    /// <summary>Builds a freshly initialised student.</summary>
    /// <param name="options">Architecture and sizes.</param>
    /// <param name="sampleShape">The shape of one sample: [28, 28].</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="seed">Decides the initial weights.</param>
    public static OnnxModel Build(StudentOptions options, IReadOnlyList<int> sampleShape, int classes, ulong seed) =>
        throw new NotImplementedException();
}
