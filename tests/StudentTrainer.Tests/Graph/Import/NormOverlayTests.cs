using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Loop;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Networks whose normalisations were folded away, trained with normalisations that export folds again.</summary>
public sealed class NormOverlayTests : IDisposable
{
    private const int Classes = 5;

    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    /// <summary>
    /// From fresh weights, the folded network reaches the soft loss of the same network with its own normalisations, within a tenth (over
    /// three seeds).
    /// </summary>
    [Fact]
    public void Training_OfFoldedNetwork_ReachesTheLossOfTheWhole()
    {
        using var scope = NewDisposeScope();
        var samples = tensor(Numbers.Uniform(1, 32 * 3 * 64), [32, 3, 8, 8]);
        var network = ResNet(seed: 1);
        // As far apart as a trained teacher's logits are.
        var logits = Distillation.Logits(Trained(ResNet(seed: 7), samples), samples);
        var targets = logits.sub(logits.mean([0], true)).div(logits.std()).mul(3);
        var (whole, folded) = (0.0, 0.0);
        for (var seed = 1UL; seed <= 3; seed++)
        {
            whole += Loss(network, seed);
            folded += Loss(Folding.WithoutNormalizations(network), seed);
        }
        Assert.InRange(folded / whole, 0, 1.1);

        double Loss(OnnxModel model, ulong seed)
        {
            using var student = new Distillation(model, new() { Initialisation = Initialisation.Fresh, Seed = seed }, samples, targets);
            student.Train(40, 16);
            return student.Measure();
        }
    }

    [Fact]
    public void Export_OfTrainedOverlay_FoldsItIntoTheSameGraph()
    {
        using var scope = NewDisposeScope();
        var model = Folding.WithoutNormalizations(ResNet(seed: 1));
        var samples = tensor(Numbers.Uniform(1, 16 * 3 * 64), [16, 3, 8, 8]);
        using var student = new Distillation(
            model, new() { Initialisation = Initialisation.Fresh }, samples, rand(16, Classes));
        Assert.Equal(9, student.Graph.Overlay!.Count);
        student.Train(10, 16);
        var shipped = student.Export();
        Assert.Equal(model.Proto.Graph.Node, shipped.Proto.Graph.Node);
        Assert.Equal(Names(model), Names(shipped));
        var (expected, _) = Oracle.OnnxRuntime(shipped, samples.data<float>().ToArray(), 16, 3, 8, 8);
        Near.Equal(expected, student.Output(samples), 1e-4, "logits");
    }

    /// <summary>The overlay starts from what the file's layers give on the transfer set: untrained, it changes nothing.</summary>
    [Fact]
    public void Import_OfTrainedWeightsWithOverlay_ChangesLogitsByLessThanAThousandth()
    {
        var model = ConvolutionThenAdd();
        using var scope = NewDisposeScope();
        var graph = StudentGraph.Import(model, new() { NormOverlay = true });
        Assert.Equal(2, graph.Overlay!.Count);
        var program = graph.Compile(graph.FindLogits());
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        using (var batches = TrainingBatches.Open(toy.Data, [], labelPositions: null, Toy.Options, CPU))
            OverlayCalibration.Run(graph, weights, batches);

        var pixels = Numbers.Uniform(5, 20 * 16, 0);
        var before = Oracle.OnnxRuntime(model, pixels, 20, 1, 4, 4).Values;
        using var after = program.Run(weights, tensor(pixels, [20, 1, 4, 4]), training: false)[0];
        Near.Equal(before, after.data<float>().ToArray(), 1e-3 * before.Max(Math.Abs), "logits with the overlay");
        Assert.Contains(weights.Trained, pair => pair.Weight.Name.EndsWith(".variance", StringComparison.Ordinal)
            && !pair.Tensor.allclose(ones_like(pair.Tensor)));

        var shipped = StudentExport.WriteBack(graph, weights);
        Assert.Equal(model.Proto.Graph.Node, shipped.Proto.Graph.Node);
        Assert.Equal(Names(model), Names(shipped));
        Near.Equal(before, Oracle.OnnxRuntime(shipped, pixels, 20, 1, 4, 4).Values, 1e-3 * before.Max(Math.Abs), "logits after folding");
    }

    /// <summary>What the user keeps from being learned is not normalised either: export could not fold into it.</summary>
    [Fact]
    public void Training_OfOverlayBesideFrozenLayer_LeavesThatAsItIs()
    {
        var model = ConvolutionThenAdd();
        var import = new StudentImport { NormOverlay = true, Parameters = new([], ["k1", "w"]) };
        Assert.Equal(1, StudentGraph.Import(model, import).Overlay!.Count);
        var result = OneStudent.Train(model, import, toy.Data, Toy.Soft, Toy.Options, toy.Folder("run"), null, default);
        var trained = result.Model.Proto.Graph.Initializer.ToDictionary(tensor => tensor.Name);
        Assert.All(model.Proto.Graph.Initializer, tensor => Assert.Equal(tensor.Name is "k1" or "w", tensor.Equals(trained[tensor.Name])));
    }

    /// <summary>Two heads, one of which learns, or a tensor inside: what does not lead to the logits has nothing to be normalised by.</summary>
    [Theory]
    [InlineData("y", 2)]
    [InlineData("c2", 1)]
    public void Training_OfOneOutputOfSeveral_LeavesTheOtherLayersAsTheyAre(string output, int layers)
    {
        var model = ConvolutionThenAdd(second: true);
        var import = new StudentImport { Initialisation = Initialisation.Fresh, Output = output };
        using var scope = NewDisposeScope();
        var samples = tensor(Numbers.Uniform(1, 16 * 16), [16, 1, 4, 4]);
        using var student = new Distillation(model, import, samples, Distillation.Logits(model, samples, output));
        Assert.Equal(layers, student.Graph.Overlay!.Count);
        student.Train(3, 16);
        var shipped = student.Export().Proto;
        Assert.Equal(model.Proto.Graph.Node, shipped.Graph.Node);
        foreach (var (old, trained) in model.Proto.Graph.Initializer.Zip(shipped.Graph.Initializer))
            Assert.Equal(old.Name is "k3" or "b3" || output == "c2" && old.Name is "b2" or "w" or "b", old.Equals(trained));
    }

    private static OnnxModel Trained(OnnxModel model, Tensor samples)
    {
        using var teacher = new Distillation(model, StudentImport.Default, samples, rand(samples.shape[0], Classes).mul(4));
        teacher.Train(30, 16);
        return teacher.Export();
    }

    private static OnnxModel ResNet(ulong seed) => Architectures.Build(
        new() { Architecture = "resnet", Values = new Dictionary<string, object?> { ["depth"] = 8, ["widths"] = new[] { 8, 8, 16, 16 } } },
        [3, 8, 8], Classes, seed);

    /// <summary>A bias inside the convolution, and one that is added after it; logits that no normalisation belongs to.</summary>
    private static OnnxModel ConvolutionThenAdd(bool second = false)
    {
        var model = new NodeModel(17, "N", 1, 4, 4)
            .Floats("k1", Numbers.Uniform(1, 6 * 9), 6, 1, 3, 3).Floats("b1", Numbers.Uniform(2, 6), 6)
            .Floats("k2", Numbers.Uniform(3, 4 * 6), 4, 6, 1, 1).Floats("b2", Numbers.Uniform(4, 4), 1, 4, 1, 1)
            .Floats("w", Numbers.Uniform(5, 16 * Toy.Classes), 16, Toy.Classes).Floats("b", Numbers.Uniform(6, Toy.Classes), Toy.Classes)
            .Node("Conv", "x k1 b1", "c1").Node("Relu", "c1", "r1")
            .Node("Conv", "r1 k2", "c2").Node("Add", "c2 b2", "a2").Node("Relu", "a2", "r2")
            .Node("Flatten", "r2", "f").Node("Gemm", "f w b", "y");
        if (!second)
            return model.Build();
        var built = model.Floats("k3", Numbers.Uniform(7, 4 * 6), 4, 6, 1, 1).Floats("b3", Numbers.Uniform(8, 4), 4)
            .Node("Conv", "r1 k3 b3", "c3").Node("Flatten", "c3", "g").Node("Gemm", "g w b", "z").Build();
        built.Proto.Graph.Output.Add(new Onnx.ValueInfoProto { Name = "z", Type = built.Proto.Graph.Output[0].Type });
        return built;
    }

    private static string[] Names(OnnxModel model) => [.. model.Proto.Graph.Initializer.Select(tensor => tensor.Name)];
}
