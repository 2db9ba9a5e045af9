using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>Whether a model can be a student, without running it.</summary>
public static class StudentCheck
{
    /// <summary>Imports and compiles a model as a training would.</summary>
    /// <returns>What would ship, with the weights that the model has now.</returns>
    /// <param name="model">The model; not changed.</param>
    /// <param name="import">How it becomes a student.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <exception cref="InputException">The samples do not fit its input, or it has no output of that name.</exception>
    /// <exception cref="UnsupportedModelException">It cannot be trained; names everything that is in the way.</exception>
    public static OnnxModel Require(OnnxModel model, StudentImport import, IReadOnlyList<int> sampleShape)
    {
        var graph = StudentGraph.Import(model, import);
        graph.FreeBatch(sampleShape);
        graph.Compile(graph.FindAllLogits());
        return graph.File;
    }
}
