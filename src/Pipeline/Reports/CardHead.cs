using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Reports;

/// <summary>
/// The front matter of a card, as Hugging Face reads it. <c>base_model</c> is not there: it names a model of the Hub, which a teacher's file is not known to be.
/// </summary>
internal static class CardHead
{
    private static readonly (string Type, Func<ModelMetrics, double?> Of)[] Metrics =
    [
        ("accuracy", m => m.Accuracy), ("f1", m => m.F1), ("precision", m => m.Precision), ("recall", m => m.Recall), ("average_precision", m => m.AveragePrecision),
        ("mean_iou", m => m.MeanOverlap), ("cer", m => m.CharacterErrorRate), ("mse", m => m.Mse), ("mae", m => m.Mae), ("r_squared", m => m.RSquared), ("cosine", m => m.Cosine),
        ("recall_at_1", m => m.Retrieval), ("agreement_with_teacher", m => m.Agreement),
    ];

    /// <summary>The front matter, between its lines of dashes.</summary>
    public static string Write(RunMetrics metrics, CardFacts facts) => $"---\n{YamlTree.Text(YamlTree.Map(
        ("library_name", "onnx"), ("pipeline_tag", facts.Task),
        ("tags", new[] { "onnx", "knowledge-distillation", "onnxkd" }.Select(tag => new YamlScalarNode(tag))),
        ("model-index", Index(metrics, facts))))}---";

    private static IEnumerable<YamlNode>? Index(RunMetrics metrics, CardFacts facts)
    {
        var measured = Metrics.Where(metric => metric.Of(metrics.Student!) is not null).ToArray();
        if (facts.Sets.FirstOrDefault(set => set.Role == "test") is not { } test || measured.Length == 0)
            return null;
        return
        [
            YamlTree.Map(("name", Quoted(metrics.Name)), ("results", (IEnumerable<YamlNode>)
            [
                YamlTree.Map(
                    ("task", YamlTree.Map(("type", facts.Task ?? "other"))),
                    ("dataset", YamlTree.Map(("name", Quoted(string.Join(", ", test.Files))), ("type", "local"))),
                    ("metrics", measured.Select(metric => (YamlNode)YamlTree.Map(("type", metric.Type), ("value", metric.Of(metrics.Student!)!.Value))).ToArray())),
            ])),
        ];
    }

    // A name may look like a number.
    private static YamlScalarNode Quoted(string text) => new(text) { Style = ScalarStyle.DoubleQuoted };
}
