using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Students;

public class StudentRunTests
{
    private static readonly int[] Batches = [1, 3, 64];

    public static TheoryData<string> Names => [.. StudentCase.All.Keys];

    [Fact]
    public void Cases_OfAllArchitectures_AreThere() => Assert.All(
        Architecture.Kinds.Types,
        type => Assert.Contains(StudentCase.All.Values, test => Architectures.TypeOf(test.Architecture) == type));

    [Theory]
    [MemberData(nameof(Names))]
    public void Student_OfAnyBatch_RunsInOnnxRuntimeAndDeclaresItsShapes(string name)
    {
        var test = StudentCase.All[name];
        var student = test.Build();
        foreach (var size in Batches)
        {
            var (values, shape) = StudentCase.OnnxRuntime(student, test.Batch(student, size), test.BatchShape(size));
            Assert.Equal([size, .. test.OutputShape], shape);
            Assert.All(values, value => Assert.True(float.IsFinite(value)));
            Assert.True(values.Max() > values.Min());
        }
        RequireDeclared(student.Proto.Graph.Input[0].ShapeOf()!, test.BatchShape(1));
        RequireDeclared(student.Proto.Graph.Output[0].ShapeOf()!, [1, .. test.OutputShape]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Student_InTheExecutor_EqualsOnnxRuntime(string name)
    {
        var test = StudentCase.All[name];
        var student = test.Build();
        foreach (var size in Batches)
        {
            var batch = test.Batch(student, size);
            var expected = StudentCase.OnnxRuntime(student, batch, test.BatchShape(size));
            var actual = StudentCase.Executor(student, batch, test.BatchShape(size));
            Assert.Equal(expected.Shape, actual.Shape);
            Near.Equal(expected.Values, actual.Values, 1e-4, $"logits at batch {size}");
        }
    }

    /// <summary>The plan holds exactly what is to be learned, and a gradient gets to all of it.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Student_InTraining_LearnsEveryWeight(string name)
    {
        var test = StudentCase.All[name];
        var student = test.Build();
        using var scope = torch.NewDisposeScope();
        var program = Programs.Compile(student);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        Assert.Equal(
            StudentCase.Learned(student).Select(tensor => tensor.Name).Order(),
            weights.Parameters.Select(parameter => parameter.Weight.Name).Order());
        torch.manual_seed(1);
        program.Run(weights, StudentCase.Tensor(test.Batch(student, 16), test.BatchShape(16)), training: true)[0].square().sum().backward();
        Assert.All(weights.Parameters, parameter => Assert.True(
            parameter.Tensor.grad is { } gradient && gradient.abs().max().item<float>() is > 0 and < float.PositiveInfinity,
            parameter.Weight.Name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Student_OfSameSeed_HasSameBytes(string name)
    {
        var test = StudentCase.All[name];
        Assert.Equal(test.Build(7).Digest, test.Build(7).Digest);
        Assert.NotEqual(test.Build(7).Digest, test.Build(8).Digest);
    }

    private static void RequireDeclared(IReadOnlyList<Dim> declared, long[] actual)
    {
        Assert.Equal("N", declared[0].Name);
        Assert.Equal(declared.Count, actual.Length);
        Assert.All(declared.Zip(actual).Skip(1), axis => Assert.Equal(axis.First.Size ?? axis.Second, axis.Second));
    }
}
