using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>Compiles models.</summary>
internal static class Programs
{
    /// <summary>The first output of a model, and further tensors.</summary>
    public static StudentProgram Compile(OnnxModel model, params string[] taps)
    {
        var graph = StudentGraph.Import(model);
        return graph.Compile([graph.Heads[0].Output, .. taps]);
    }

    /// <summary>The same, with the steps of training.</summary>
    public static StudentProgram CompileForTraining(OnnxModel model, params string[] taps)
    {
        var graph = StudentGraph.Import(model);
        return graph.CompileForTraining([graph.Heads[0].Output, .. taps], mixed: false);
    }
}
