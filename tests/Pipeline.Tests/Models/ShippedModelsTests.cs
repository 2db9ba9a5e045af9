using System.Text.Json;
using OnnxKd.Core.Files;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Tests.Models;

public class ShippedModelsTests
{
    private static readonly string Models = Path.Combine(Repository.Root, "models");

    [Fact]
    public void Manifest_EveryModel_IsTheFileThatItNames()
    {
        var listed = Manifest().Select(model => (model.File, model.Sha256)).Order();
        var shipped = Directory.GetFiles(Models, "*.onnx").Select(file => (Path.GetFileName(file), OnnxModel.Load(file).Digest)).Order();

        Assert.Equal(shipped, listed);
    }

    [Fact]
    public void Manifest_TestErrors_AreWhatOnnxRuntimeGives()
    {
        using var test = TransferSet.Open(new()
        {
            Samples = Path.Combine(DataFolder.Of("mnist"), "t10k-images-idx3-ubyte"),
            Labels = Path.Combine(DataFolder.Of("mnist"), "t10k-labels-idx1-ubyte"),
        });
        var reader = new SampleReader(test, new() { Scale = 1 / 255.0 }, Augmentation.None, seed: 0);

        foreach (var (file, _, errors) in Manifest())
        {
            using var model = OnnxClassifier.Open(OnnxModel.Load(Path.Combine(Models, file)), test.SampleShape, device: "cpu");
            var meter = new ClassificationMeter(10);
            model.RunAll(
                reader, 256, (first, logits) => meter.Add(logits.Span, test.Labels.Slice((int)first, logits.Length / 10)), CancellationToken.None);

            Assert.Equal(errors, meter.Result().Errors);
        }
    }

    private static IEnumerable<(string File, string Sha256, long Errors)> Manifest() =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Models, "manifest.json"))).RootElement.GetProperty("models").EnumerateArray()
            .Select(m => (m.GetProperty("file").GetString()!, m.GetProperty("sha256").GetString()!, m.GetProperty("test_errors").GetInt64()));
}
