using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Students;

/// <summary>What was trained is what ships: steps of training, export, ONNX Runtime.</summary>
public class StudentExportTests
{
    // The running statistics keep 0.9 of themselves per step; after 60 steps 0.2 % is left of where they began.
    private const int Steps = 60;

    public static TheoryData<string> Names => [.. StudentCase.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Export_OfTrainedStudent_EqualsTheExecutor(string name) => RequireParity(StudentCase.All[name], 3);

    /// <summary>
    /// With the statistics that a file starts with, deep networks that normalise reach logits of millions, where no absolute tolerance
    /// holds. Trained ones do not.
    /// </summary>
    [Theory]
    [InlineData("resnet56")]
    [InlineData("resnet110")]
    [InlineData("wrn-40-1")]
    public void Export_OfTrainedDeepStudent_EqualsTheExecutor(string name) => RequireParity(new(name, [3, 8, 8], 10, [10]), Steps);

    private static void RequireParity(StudentCase test, int steps)
    {
        var graph = StudentGraph.Import(test.Build());
        using var scope = torch.NewDisposeScope();
        var program = graph.Compile([graph.Heads[0].Output]);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        Train(program, weights, StudentCase.Tensor(test.Batch(graph.File, 16), test.BatchShape(16)), steps);
        var shipped = StudentExport.WriteBack(graph, weights);
        Assert.NotEqual(graph.File.Digest, shipped.Digest);
        using var evaluation = torch.no_grad();
        foreach (var size in new[] { 1, 3, 64 })
        {
            var batch = test.Batch(shipped, size);
            var expected = StudentCase.OnnxRuntime(shipped, batch, test.BatchShape(size));
            using var logits = program.Run(weights, StudentCase.Tensor(batch, test.BatchShape(size)), training: false)[0];
            Assert.Equal(expected.Shape, logits.shape);
            Near.Equal(expected.Values, logits.data<float>().ToArray(), 1e-4, $"logits at batch {size}");
        }
    }

    /// <summary>Steps along the sign of the gradient, which move every weight.</summary>
    private static void Train(StudentProgram program, WeightSet weights, torch.Tensor batch, int steps)
    {
        torch.manual_seed(1);
        for (var step = 0; step < steps; step++)
        {
            using var scope = torch.NewDisposeScope();
            program.Run(weights, batch, training: true)[0].square().mean().backward();
            using var update = torch.no_grad();
            foreach (var (_, tensor) in weights.Parameters)
            {
                tensor.add_(tensor.grad!.sign(), -1e-4);
                tensor.grad!.zero_();
            }
        }
    }
}
