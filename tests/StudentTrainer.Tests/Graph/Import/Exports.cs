using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>What ships.</summary>
internal static class Exports
{
    /// <summary>Imports a model and exports it at once.</summary>
    public static OnnxModel WithoutTraining(OnnxModel model, StudentImport? import = null) => After(model, (_, _) => { }, import);

    /// <summary>Imports a model, changes what is trained, and exports it.</summary>
    public static OnnxModel After(OnnxModel model, Action<string, torch.Tensor> change, StudentImport? import = null)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var graph = StudentGraph.Import(model, import);
        using var weights = WeightSet.Load(graph.Compile(graph.Heads[0].Output).Plan, torch.CPU, trainable: true);
        foreach (var (weight, tensor) in weights.Trained)
            change(weight.Name, tensor);
        return StudentExport.WriteBack(graph, weights);
    }
}
