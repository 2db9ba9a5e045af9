using System.Runtime.CompilerServices;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Files of today's exporters and of ONNX Runtime's optimiser as students: the same values as in ONNX Runtime.</summary>
public class FieldStudentsTests
{
    [Theory]
    [InlineData("dynamo_functions.onnx", new long[] { 3, 8 })] // a function that calls others
    [InlineData("fn_softmax.onnx", new long[] { 3, 8 })]
    [InlineData("ort_fused.onnx", new long[] { 3, 5, 16 })]
    [InlineData("fusedconv.onnx", new long[] { 3, 3, 8, 8 })]
    [InlineData("rms_attn23.onnx", new long[] { 3, 6, 16 })]
    [InlineData("mlp23.onnx", new long[] { 3, 8 })]
    [InlineData("mlp24.onnx", new long[] { 3, 8 })]
    [InlineData("mlp25.onnx", new long[] { 3, 8 })]
    [InlineData("mlp26.onnx", new long[] { 3, 8 })]
    [InlineData("mlp22_ir14.onnx", new long[] { 3, 8 })]
    [InlineData("rms23.onnx", new long[] { 3, 6, 16 })]
    [InlineData("if.onnx", new long[] { 1, 8 })]
    [InlineData("loop.onnx", new long[] { 3, 8 })]
    [InlineData("scan.onnx", new long[] { 3, 6, 8 })]
    public void FileOfTheField_GivesWhatOnnxRuntimeGives(string file, long[] shape) =>
        Oracle.RequireParity(Load(file), Numbers.Uniform(1, (int)shape.Aggregate(1L, (product, size) => product * size), -1, 1), shape, 1e-4);

    [Theory]
    [InlineData("loop.onnx")]
    [InlineData("scan.onnx")]
    public void RepeatedGraph_LearnsItsWeights(string file) =>
        Assert.Equal(["Wh", "Wo"], Programs.Compile(Load(file)).Plan.Where(weight => weight.Role == WeightRole.Parameter).Select(weight => weight.Name).Order());

    [Fact]
    public void LocalFunctions_AreInlinedInWhatShips()
    {
        var student = StudentGraph.Import(Load("dynamo_functions.onnx"));

        Assert.Empty(student.File.Proto.Functions);
        Assert.Contains(student.Notes, note => note.Contains("local functions"));
        Assert.NotEmpty(Load("dynamo_functions.onnx").Proto.Functions); // the file itself is untouched
    }

    [Fact]
    public void BranchesOfAnIf_LearnTheirWeights()
    {
        var plan = Programs.Compile(Load("if.onnx")).Plan.Where(weight => weight.Role == WeightRole.Parameter).ToArray();
        Assert.Equal(["Wa", "Wb"], plan.Select(weight => weight.Name).Order());
    }

    private static OnnxModel Load(string file, [CallerFilePath] string here = "") => OnnxModel.Load(Path.Combine(Path.GetDirectoryName(here)!, "Fields", file));
}
