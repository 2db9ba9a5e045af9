using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>Puts a matrix behind a model's embedding, so that it has fewer columns.</summary>
internal static class EmbeddingColumns
{
    private const string Name = "embedding";

    /// <summary>Puts it there. The nodes mean the same in every version of ONNX's operators that has names of axes.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="teacher">What is read from it.</param>
    /// <param name="shape">The samples', whose mask says which tokens count.</param>
    /// <param name="matrix">columns × kept.</param>
    /// <param name="kept">The new embedding's columns.</param>
    /// <param name="ofLengthOne">Whether the embedding is then brought to the length 1.</param>
    /// <returns>A model whose only output is the new embedding.</returns>
    public static OnnxModel Reduce(OnnxModel model, TeacherOptions teacher, SampleShape shape, float[] matrix, int kept, bool ofLengthOne)
    {
        var (proto, file) = (model.Proto.Clone(), teacher.File);
        var graph = proto.Graph;
        var mask = graph.Input.FirstOrDefault(input => (teacher.Inputs.Of(input.Name) is { } feed ? feed.From : input.Name) == shape.Mask && shape.Mask is not null)?.Name;
        var reading = TokenPooling.Apply(graph, teacher.Reading, mask is null ? null : new(mask, shape.MarksPadding), file);
        var source = LogitTrace.Find(graph, reading.Tensor, file).Output;
        string[] taken = [.. graph.Node.SelectMany(node => node.Output), .. graph.Input.Select(input => input.Name), .. graph.Initializer.Select(tensor => tensor.Name)];
        var output = Free(Name);
        var parts = Free("reduced");
        graph.Initializer.Add(TensorData.Create($"{parts}/directions", matrix, matrix.Length / kept, kept));
        graph.Node.Add(GraphEdits.Cast(source, $"{parts}/float", DataType.Float));
        graph.Node.Add(GraphEdits.Node("Flatten", [$"{parts}/float"], $"{parts}/flat"));
        graph.Node.Add(GraphEdits.Node("MatMul", [$"{parts}/flat", $"{parts}/directions"], ofLengthOne ? $"{parts}/columns" : output));
        if (ofLengthOne)
            graph.Node.Add(GraphEdits.Node("LpNormalization", [$"{parts}/columns"], output));
        graph.Output.Clear();
        graph.Output.Add(ValueInfo.Create(output, ElementType.Float32, "N", kept));
        GraphEdits.RemoveUnusedInitializers(graph);
        return OnnxModel.FromProto(proto);

        string Free(string name) => taken.Any(other => other == name || other.StartsWith($"{name}/", StringComparison.Ordinal)) ? Free($"{name}-{kept}") : name;
    }
}
