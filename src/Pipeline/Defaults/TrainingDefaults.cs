using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>What decides how a student is trained where a recipe does not say.</summary>
/// <param name="IsConvolutional">Whether it consists of convolutions.</param>
/// <param name="IsDetector">Whether it learns a detector head.</param>
/// <param name="ReadsTokens">Whether it reads token ids.</param>
/// <param name="Samples">The number of samples.</param>
/// <param name="IsQuick">Whether a first look is enough.</param>
internal readonly record struct TrainingCase(bool IsConvolutional, bool IsDetector, bool ReadsTokens, long Samples, bool IsQuick);

/// <summary>How a student is trained where a recipe does not say, by its architecture and the number of samples.</summary>
internal static class TrainingDefaults
{
    private const int FewestSteps = 300;
    private const int Steps = 10_000;
    private const int QuickSteps = 800;

    // A step of a convolutional student costs ten times one of a dense student, and shows as much: a first look is to take a minute at most.
    private const int QuickConvolutionalSteps = 400;
    private const int LargestQuickConvolutionalBatch = 64;
    private const int MostEpochs = 200;
    private const int FewestEpochs = 5;

    private static readonly string[] TransformerOperators = ["LayerNormalization", "LSTM", "GRU", "RNN", "SkipLayerNormalization"];

    /// <summary>What is chosen, apart from what is given. Whoever gives an optimizer has a training in mind, of which nothing but its length is chosen.</summary>
    /// <param name="given">The section of the recipe.</param>
    /// <param name="of">What decides.</param>
    public static IReadOnlyList<(string Key, object Value)> Choose(YamlMappingNode given, TrainingCase of)
    {
        var size = of.Samples switch { < 2_000 => 32, < 10_000 => 64, _ => of is { IsQuick: true, IsConvolutional: true } ? LargestQuickConvolutionalBatch : 128 };
        var epochs = Number(given, "epochs") ?? Epochs(Number(given, "batch-size") ?? size, of.IsConvolutional, of.Samples, of.IsQuick);
        List<(string Key, object Value)> all = [("epochs", epochs)];
        if (given.Find("optimizer") is null)
            all.AddRange(
            [
                ("batch-size", size),
                ("optimizer", Optimizer(of)),
                ("schedule", YamlTree.Line(("name", "cosine"), ("warmup-epochs", Math.Round(Math.Min(2, epochs * 0.05), 2)))),
                ("clip-norm", of.IsConvolutional ? 5 : 1),
            ]);
        return [.. all.Where(entry => given.Find(entry.Key) is null)];
    }

    /// <summary>
    /// Convolutions end up better by SGD, and get there sooner by AdamW. The boxes of a detector are far from where fresh weights put them: SGD at one rate for all weights takes several
    /// times the steps. The first steps of a student of tokens, which meet most of its table's rows once, say nothing of the rate that is good for a few hundred.
    /// </summary>
    private static YamlMappingNode Optimizer(TrainingCase of) => of switch
    {
        { IsConvolutional: true, IsDetector: false, IsQuick: false } =>
            YamlTree.Line(("name", "sgd"), ("learning-rate", "auto"), ("momentum", 0.9), ("nesterov", true), ("weight-decay", 0.0005)),
        { ReadsTokens: true, IsQuick: true } => YamlTree.Line(("name", "adamw"), ("learning-rate", 0.001), ("weight-decay", 0.01)),
        _ => YamlTree.Line(("name", "adamw"), ("learning-rate", "auto"), ("weight-decay", 0.01)),
    };

    /// <summary>How many passes make enough steps.</summary>
    /// <param name="batchSize">Samples of a step.</param>
    /// <param name="isConvolutional">Whether the student consists of convolutions.</param>
    /// <param name="samples">The number of samples.</param>
    /// <param name="isQuick">Whether a first look is enough.</param>
    public static int Epochs(int batchSize, bool isConvolutional, long samples, bool isQuick)
    {
        var steps = Math.Max(1, (samples + batchSize - 1) / batchSize);
        var wanted = Math.Max(!isQuick ? Steps : isConvolutional ? QuickConvolutionalSteps : QuickSteps, FewestSteps);
        return (int)Math.Clamp((wanted + steps - 1) / steps, isQuick ? 1 : FewestEpochs, MostEpochs);
    }

    /// <summary>Whether a model consists of convolutions.</summary>
    public static bool IsConvolutional(OnnxModel model) =>
        model.Proto.Graph.Node.Any(node => node.OpType == "Conv") && !model.Proto.Graph.Node.Any(node => TransformerOperators.Contains(node.OpType));

    private static int? Number(YamlMappingNode map, string key) =>
        int.TryParse(map.Find(key)?.ToString(), out var number) && number > 0 ? number : null;
}
