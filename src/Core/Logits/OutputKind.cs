namespace OnnxKd.Core.Logits;

/// <summary>What a model's output holds for each sample, or for each position of it.</summary>
public enum OutputKind
{
    /// <summary>Scores of classes of which one is right: logits of a softmax.</summary>
    Classes,

    /// <summary>Scores of labels that hold or do not, each on its own: logits of a sigmoid.</summary>
    Labels,

    /// <summary>Numbers, as a regression gives them.</summary>
    Values,

    /// <summary>A vector whose direction counts.</summary>
    Embedding,

    /// <summary>A box and a score for each class at each anchor (<see cref="DetectorForm"/>).</summary>
    Detector,
}

/// <summary>Words for kinds of outputs.</summary>
internal static class OutputKinds
{
    /// <summary>What all readings are called in recipes, each with its meaning.</summary>
    public const string Readings =
        "classes (scores of classes of which one is right), labels (scores that stand for a label each), values (a regression), embedding, detector (a box and scores of classes at each anchor)";

    /// <summary>What a single number can be.</summary>
    public const string ReadingsOfOne = "labels (the logit of one label), values (a regression), classes (the logit of the second of two classes)";

    /// <summary>The name in recipes.</summary>
    public static string Word(this OutputKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>So many columns of a kind, in words.</summary>
    public static string Count(this OutputKind kind, int columns) => kind switch
    {
        OutputKind.Classes => $"{columns} classes",
        OutputKind.Labels => columns == 1 ? "1 independent label" : $"{columns} independent labels",
        OutputKind.Values => columns == 1 ? "1 value" : $"{columns} values",
        OutputKind.Detector => $"boxes with {columns - DetectorForm.BoxColumns} scores each",
        _ => $"an embedding of {columns} numbers",
    };
}
