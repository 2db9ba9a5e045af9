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
        var listed = Manifest().Select(model => (Text(model, "file"), Text(model, "sha256"))).Order();
        var shipped = Directory.GetFiles(Models, "*.onnx").Select(file => (Path.GetFileName(file), OnnxModel.Load(file).Digest)).Order();

        Assert.Equal(shipped, listed);
    }

    [Theory]
    [InlineData("mnist", "")]
    [InlineData("fashion-mnist", ".gz")]
    public void Manifest_TestErrors_AreWhatOnnxRuntimeGives(string name, string packed)
    {
        using var test = TransferSet.Open(new()
        {
            Samples = Path.Combine(DataFolder.Of(name), $"t10k-images-idx3-ubyte{packed}"),
            Labels = Path.Combine(DataFolder.Of(name), $"t10k-labels-idx1-ubyte{packed}"),
        });

        foreach (var entry in Manifest().Where(model => Text(model, "set") == name))
        {
            var preprocessing = new Preprocessing { Scale = 1 / 255.0, Mean = [entry.GetProperty("mean").GetDouble()], Std = [entry.GetProperty("std").GetDouble()] };
            using var model = OnnxClassifier.Open(OnnxModel.Load(Path.Combine(Models, Text(entry, "file"))), test.SampleShape, device: "cpu");
            var meter = new ClassificationMeter(10);
            model.RunAll(
                new SampleReader(test, preprocessing, Augmentation.None, seed: 0), 256,
                (first, logits) => meter.Add(logits.Span, test.Labels.Slice((int)first, logits.Length / 10)), CancellationToken.None);

            Assert.Equal(entry.GetProperty("test_errors").GetInt64(), meter.Result().Errors);
        }
    }

    private static string Text(JsonElement model, string key) => model.GetProperty(key).GetString()!;

    private static IEnumerable<JsonElement> Manifest() =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Models, "manifest.json"))).RootElement.GetProperty("models").EnumerateArray();
}
