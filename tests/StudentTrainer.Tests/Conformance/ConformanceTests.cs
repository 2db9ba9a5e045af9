using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.StudentTrainer.Conformance;

namespace OnnxKd.StudentTrainer.Tests.Conformance;

/// <summary>ONNX's own tests, version 1.12: 'onnxkd data fetch onnx-tests' fetches them.</summary>
public class ConformanceTests
{
    private static readonly string Data = DataFolder.Of("onnx-tests");

    [Fact]
    public void OnnxTests_OfTheTablesOperators_PassButThirteen()
    {
        Assert.True(Directory.Exists(Data), $"{Data} is missing: run ./onnxkd data fetch onnx-tests");
        var report = ConformanceSuite.Run(Data, filter: null, gradients: true, CancellationToken.None);
        Assert.Empty(report.Failed);
        Assert.Equal((800, 813, 13), (report.Passed, report.Total, report.Excluded.Count));
        Assert.Equal(new GroupResult(683, 696), report.Groups["node"]);
        Assert.Equal(new GroupResult(82, 82), report.Groups["pytorch-converted"]);
        Assert.Equal(new GroupResult(35, 35), report.Groups["pytorch-operator"]);
        Assert.Empty(report.Gradients!.Failed);
        Assert.True(report.Gradients.Total >= 488, $"{report.Gradients.Total} tests were found to have gradients");
    }

    [Fact]
    public void Run_OfFolderWithoutTests_SaysWhatIsExpected()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<InputException>(() => ConformanceSuite.Run(folder.Path, null, false, CancellationToken.None));
        Assert.Contains("data fetch onnx-tests", error.Message);
    }

    /// <summary>A suite that cannot fail would prove nothing: one wrong byte in an expected output is found.</summary>
    [Fact]
    public void Run_OfWrongExpectation_Fails()
    {
        using var folder = new TemporaryFolder();
        var test = Path.Combine(folder.Path, "node", "test_relu");
        Copy(Path.Combine(Data, "node", "test_relu"), test);
        var output = Path.Combine(test, "test_data_set_0", "output_0.pb");
        var bytes = File.ReadAllBytes(output);
        bytes[^1] ^= 0x40;
        File.WriteAllBytes(output, bytes);
        var report = ConformanceSuite.Run(folder.Path, null, false, CancellationToken.None);
        Assert.Equal(["test_relu"], report.Failed.Keys);
        Assert.Contains("element", report.Failed["test_relu"]);
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
