namespace OnnxKd.TorchSharp.Tests;

public class ApiSubsetTests
{
    /// <summary>
    /// The golden file holds the lines of the real TorchSharp that the binding covers, so that a program written against the
    /// binding compiles against the package. Golden/update.sh makes it from a listing of the package.
    /// </summary>
    [Fact]
    public void PublicSurface_ComparedWithTorchSharp_HasNothingElse()
    {
        var ours = ApiListing.Of(typeof(global::TorchSharp.torch).Assembly);
        // For Golden/update.sh.
        File.WriteAllLines(Path.Combine(AppContext.BaseDirectory, "torchsharp-api.actual.txt"), ours);
        var golden = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Golden", "torchsharp-api.txt"));

        Assert.Empty(ours.Except(golden));
        Assert.Empty(golden.Except(ours));
    }
}
