using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Learners;

/// <summary>A student's body with a teacher's head.</summary>
public class GraftTests
{
    private static readonly int[] Sample = [12, 12];

    /// <summary>With a projection that changes nothing, a network with its own head is itself.</summary>
    [Fact]
    public void Build_OfANetworkAndItsOwnHead_GivesWhatItGives()
    {
        var whole = Network("resnet8", 1);
        var model = Graft.Build(whole, "stage3", whole, "stage3", "linear", Sample, seed: 5);
        var identity = new float[64 * 64];
        for (var i = 0; i < 64; i++)
            identity[i * 64 + i] = 1;
        model.Proto.Graph.Initializer.Single(tensor => tensor.Name == "projector/weight").SetFloats(identity);

        var input = Numbers.Uniform(3, 4 * 144, -1, 1);
        Near.Equal(Oracle.OnnxRuntime(whole, input, 4, 12, 12).Values, Oracle.OnnxRuntime(model, input, 4, 12, 12).Values, 1e-5);
        Oracle.RequireParity(model, input, [4, 12, 12]);
    }

    [Fact]
    public void Build_OfAnotherNetwork_HoldsItsBodyTheProjectionAndTheHead()
    {
        var (body, teacher) = (Network("resnet8", 1), Network("resnet14", 2));
        var model = Graft.Build(body, "stage2", teacher, "stage2", "mlp", Sample, seed: 5);

        var names = model.Proto.Graph.Initializer.Select(tensor => tensor.Name).ToArray();
        Assert.Contains("stage2.block1.conv2.weight", names);
        Assert.DoesNotContain("stage3.block1.conv1.weight", names);
        Assert.Contains("projector/hidden/weight", names);
        Assert.Contains("head/stage3.block2.conv2.weight", names);
        Assert.DoesNotContain("head/stage2.block1.conv1.weight", names);
        Assert.Equal(teacher.Proto.Graph.Output, model.Proto.Graph.Output);
        Oracle.RequireParity(model, Numbers.Uniform(3, 4 * 144, -1, 1), [4, 12, 12]);
    }

    [Fact]
    public void Build_OfTensorsOfOtherResolution_SaysBothShapes()
    {
        var error = Assert.Throws<InputException>(() =>
            Graft.Build(Network("resnet8", 1), "stage3", Network("resnet8", 2), "stage1", "linear", Sample, seed: 5));
        Assert.Contains("[64, 3, 3]", error.Message);
        Assert.Contains("[16, 12, 12]", error.Message);
    }

    /// <summary>Flatten, Gemm and pooling mean the same in sets 13 and 17; ReduceMean takes its axes another way from 18 on.</summary>
    [Fact]
    public void Build_OfDifferentOperatorSets_JoinsWhatMeansTheSame()
    {
        var (body, teacher) = (Network("resnet8", 1), Network("resnet8", 2));
        teacher.Proto.OpsetImport[0].Version = 13;
        var newer = body.Proto.OpsetImport[0].Version;
        Assert.Equal(newer, Graft.Build(body, "stage3", teacher, "stage3", "linear", Sample, seed: 5).Proto.OpsetImport[0].Version);

        var pool = teacher.Proto.Graph.Node.Single(node => node.OpType == "GlobalAveragePool");
        pool.OpType = "ReduceMean";
        pool.Attribute.Add(new AttributeProto { Name = "axes", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 2, 3 } });
        body.Proto.OpsetImport[0].Version = 18;
        Assert.Contains("ReduceMean", Assert.Throws<UnsupportedModelException>(() =>
            Graft.Build(body, "stage3", teacher, "stage3", "linear", Sample, seed: 5)).Message);
    }

    private static OnnxModel Network(string architecture, ulong seed) =>
        Architectures.Build(new StudentOptions { Architecture = architecture }, Sample, classes: 4, seed);
}
