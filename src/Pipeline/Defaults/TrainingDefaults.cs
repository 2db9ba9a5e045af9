using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Defaults;

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
    /// <param name="isConvolutional">Whether the student consists of convolutions.</param>
    /// <param name="isDetector">Whether it learns a detector head, whose boxes are far from where fresh weights put them: SGD at one rate for all weights takes several times the steps.</param>
    /// <param name="samples">The number of samples.</param>
    /// <param name="isQuick">Whether a first look is enough.</param>
    public static IReadOnlyList<(string Key, object Value)> Choose(YamlMappingNode given, bool isConvolutional, bool isDetector, long samples, bool isQuick)
    {
        var size = samples switch { < 2_000 => 32, < 10_000 => 64, _ => isQuick && isConvolutional ? LargestQuickConvolutionalBatch : 128 };
        var epochs = Number(given, "epochs") ?? Epochs(Number(given, "batch-size") ?? size, isConvolutional, samples, isQuick);
        List<(string Key, object Value)> all = [("epochs", epochs)];
        if (given.Find("optimizer") is null)
            all.AddRange(
            [
                ("batch-size", size),
                ("optimizer", isConvolutional && !isDetector
                    ? YamlTree.Line(("name", "sgd"), ("learning-rate", "auto"), ("momentum", 0.9), ("nesterov", true), ("weight-decay", 0.0005))
                    : YamlTree.Line(("name", "adamw"), ("learning-rate", "auto"), ("weight-decay", 0.01))),
                ("schedule", YamlTree.Line(("name", "cosine"), ("warmup-epochs", Math.Round(Math.Min(2, epochs * 0.05), 2)))),
                ("clip-norm", isConvolutional ? 5 : 1),
            ]);
        return [.. all.Where(entry => given.Find(entry.Key) is null)];
    }

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
