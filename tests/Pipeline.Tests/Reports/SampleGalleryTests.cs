using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Reports;

public sealed class SampleGalleryTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Read_PreparedSounds_HasNamesClassesAndWaves()
    {
        foreach (var (name, value) in new[] { ("no/a", 0f), ("yes/b", 0.5f) })
        {
            Directory.CreateDirectory(folder[$"in/{Path.GetDirectoryName(name)}"]);
            File.WriteAllBytes(folder[$"in/{name}.wav"], SampleForms.Sound(Enumerable.Repeat(value, 1000).ToArray(), rate: 1000));
        }
        Cli.Done("prepare", "audio", folder["in"], "-o", folder["out"], "--rate", "1000", "--seconds", "0.5");

        using var set = TransferSet.Open(new() { Samples = folder["out/samples.safetensors"] });
        var gallery = SampleGallery.Read(set, folder["out/samples.safetensors"], [1]);

        Assert.Equal(("yes/b.wav", "yes (1)"), (gallery.Samples[1].Name, gallery.NameOf(1)));
        Assert.Null(gallery.Samples[1].Picture);
        // 0.5 as it was written into the file, decoded and written again.
        Assert.Equal(SampleForms.Sound(Enumerable.Repeat(0.5f, 500).ToArray(), 1000), gallery.Samples[1].Sound!, (a, b) => Math.Abs(a - b) <= 1);
    }

    [Fact]
    public void Read_BarePictures_AreNamedByTheirIds()
    {
        Blobs.Write(folder.Path, "set", 6, seed: 1);
        using var set = TransferSet.Open(new() { Samples = folder["set.npy"], First = 2 });

        var gallery = SampleGallery.Read(set, folder["set.npy"], [0, 3, 3]);

        Assert.Equal(["sample 2", "sample 5"], gallery.Samples.Values.Select(sample => sample.Name));
        Assert.All(gallery.Samples.Values, sample => Assert.Equal("\u0089PNG"u8[^3..], sample.Picture.AsSpan(1, 3)));
        Assert.Equal("1", gallery.NameOf(1));
    }

    public void Dispose() => folder.Dispose();
}
