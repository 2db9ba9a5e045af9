using OnnxKd.Core.Logits;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A stage that makes models, which other stages can learn from or start from.</summary>
/// <param name="name">Its name.</param>
/// <param name="needs">The stages that it needs.</param>
internal abstract class ModelStage(string name, params IEnumerable<string?> needs) : Stage(name, needs)
{
    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <summary>The models, by the names that recipes have for them.</summary>
    public abstract IReadOnlyList<string> Models { get; }

    /// <summary>The output that holds a model's class scores, and their axis.</summary>
    public abstract StudentImport ImportOf(string model);

    /// <summary>What a model's output holds; <c>null</c>: its last operator tells, else it is classes.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="results">What the stages before made.</param>
    public abstract OutputKind? OutputKindOf(string model, StageResults results);

    /// <summary>What a further output of a model holds; <c>null</c>: its last operator tells, else it is classes.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="output">The output.</param>
    /// <param name="results">What the stages before made.</param>
    public virtual OutputKind? OutputKindOf(string model, TappedTensor output, StageResults results) => output.Kind;

    /// <summary>The axis of an output's classes, the batch being 0, where the recipe leaves it open and what was learned from tells; <c>null</c>: found as a teacher's is.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="output">The output, with what it holds.</param>
    /// <param name="stream">The stream that it learns from; <c>null</c>: it is the first output.</param>
    /// <param name="results">What the stages before made.</param>
    protected virtual int? ClassAxisOf(string model, StudentImport output, string? stream, StageResults results) => null;

    /// <summary>The outputs of a model, with what each holds.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="results">What the stages before made.</param>
    public StudentImport ImportOf(string model, StageResults results)
    {
        var import = ImportOf(model);
        import = import with
        {
            Kind = OutputKindOf(model, results),
            Outputs = [.. import.Outputs.Select(output => output with { Kind = OutputKindOf(model, output, results) })],
        };
        int?[] axes = [.. import.Apart().Select((output, i) => output.ClassAxis ?? ClassAxisOf(model, output, i == 0 ? null : import.Outputs[i - 1].Name, results))];
        return import with { ClassAxis = axes[0], Outputs = [.. import.Outputs.Zip(axes.Skip(1), (output, axis) => output with { ClassAxis = axis })] };
    }

    /// <summary>A model's file in the stage's folder.</summary>
    public string FileOf(string model) => Models.Count == 1 ? "model.onnx" : $"{model}.onnx";
}
