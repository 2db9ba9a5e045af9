using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Build;

/// <summary>Which packages a build takes.</summary>
public class AcceleratorTests
{
    [Theory]
    [InlineData("cuda", new[] { "Microsoft.ML.OnnxRuntime.Gpu", "TorchSharp", "TorchSharp-cuda-linux" }, new[] { "Microsoft.ML.OnnxRuntime", "libtorch-cpu-" })]
    [InlineData("cpu", new[] { "Microsoft.ML.OnnxRuntime", "TorchSharp", "libtorch-cpu-" }, new[] { "Microsoft.ML.OnnxRuntime.Gpu", "TorchSharp-cuda-linux" })]
    public void PackageReferences_OfAccelerator_AreItsOwn(string accelerator, string[] taken, string[] left)
    {
        var names = Packages($"-p:Accelerator={accelerator}");
        Assert.All(taken, name => Assert.Contains(names, found => Matches(found, name)));
        Assert.All(left, name => Assert.DoesNotContain(names, found => Matches(found, name)));
    }

    /// <summary>For a machine that brings its own libtorch.</summary>
    [Fact]
    public void PackageReferences_WithoutLibtorch_HaveOnnxRuntimeForCudaAndTorchSharpAlone()
    {
        var names = Packages("-p:Accelerator=cuda", "-p:Libtorch=none");
        Assert.Contains("Microsoft.ML.OnnxRuntime.Gpu", names);
        Assert.Contains("TorchSharp", names);
        Assert.DoesNotContain(names, name => name.StartsWith("TorchSharp-", StringComparison.Ordinal) || name.StartsWith("libtorch", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-p:Accelerator=gpu", "'cpu' or 'cuda'")]
    [InlineData("-p:Libtorch=cuda", "'package' or 'none'")]
    public void Build_OfUnknownChoice_IsRefused(string property, string said)
    {
        var (code, output) = DotNet.Msbuild(Project, "-t:CheckAccelerator", property);
        Assert.NotEqual(0, code);
        Assert.Contains(said, output);
    }

    private static string Project => Path.Combine(Repository.Root, "src", "Pipeline", "Pipeline.csproj");

    /// <summary>A name that ends in a hyphen stands for those of all platforms.</summary>
    private static bool Matches(string found, string name) => name.EndsWith('-') ? found.StartsWith(name, StringComparison.Ordinal) : found == name;

    private static List<string> Packages(params string[] properties)
    {
        var (code, output) = DotNet.Msbuild([Project, "-getItem:PackageReference", .. properties]);
        Assert.True(code == 0, output);
        return [.. JsonDocument.Parse(output).RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)];
    }
}
