using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;

namespace OnnxKd.Pipeline.Tests.Reports;

public class StageTraceTests
{
    [Fact]
    public void Of_TwoSettingsOfOneCache_FollowsTheDigestsOfOne()
    {
        var cache = Record("cache", [], "manifest.json", 'a');
        StageRecord[] one = Setting("one", 'b'), two = Setting("two", 'e');

        Assert.Equal([cache, .. one], StageTrace.Of(one[^1], [cache, .. one, .. two]));

        // A training from the cache, its check, and the figures.
        StageRecord[] Setting(string name, char first) =>
        [
            Record($"train-{name}", ["a"], "model.onnx", first), Record($"verify-{name}", [$"{first}"], "parity.json", (char)(first + 1)),
            Record("evaluate", [$"{first}"], "metrics.json", (char)(first + 2)),
        ];
    }

    private static StageRecord Record(string name, string[] inputs, string file, char digest) => new(
        name, "", inputs.Index().ToDictionary(input => $"{input.Index}", input => new string(input.Item[0], 64)),
        new Dictionary<string, StageFile> { [file] = new(1, new(digest, 64)) }, new Dictionary<string, string>(), 1);
}
