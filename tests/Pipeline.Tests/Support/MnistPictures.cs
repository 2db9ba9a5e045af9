using OnnxKd.Core.Files;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>Real samples for the shipped models.</summary>
internal static class MnistPictures
{
    /// <summary>Writes the first pictures of the test set, of 0 to 255.</summary>
    /// <param name="path">The NPY file.</param>
    /// <param name="count">How many.</param>
    /// <returns>The file.</returns>
    public static string Write(string path, int count)
    {
        using var set = TransferSet.Open(new() { Samples = Path.Combine(DataFolder.Of("mnist"), "t10k-images-idx3-ubyte") });
        var values = new float[count * set.SampleElements];
        set.Read([.. Enumerable.Range(0, count).Select(i => (long)i)], values);
        Npy.Write(path, values, [count, .. set.SampleShape]);
        return path;
    }
}
