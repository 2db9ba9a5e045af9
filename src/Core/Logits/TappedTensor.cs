namespace OnnxKd.Core.Logits;

/// <summary>A tensor of a model beside its first output, and the stream that it becomes, or that it learns from.</summary>
/// <param name="Tensor">The tensor's name in the model: an output, or any tensor inside the graph.</param>
/// <param name="Stream">The stream's name; <c>null</c>: made from the tensor's.</param>
public sealed record TappedTensor(string Tensor, string? Stream = null)
{
    /// <summary>How recipes write a list of them.</summary>
    public const string Form = "stream: tensor pairs, or a list of tensors; in place of a tensor `{ tensor, kind, class-axis }`";

    /// <summary>What it holds; <c>null</c>: found, or what the stream holds.</summary>
    public OutputKind? Kind { get; init; }

    /// <summary>Its axis of classes, the batch being 0; <c>null</c>: found.</summary>
    public int? ClassAxis { get; init; }

    /// <summary>The stream's name, or one made from the tensor's.</summary>
    public string Name => Stream ?? FromTensor(Tensor);

    /// <summary>The stream's name in the cache.</summary>
    /// <param name="teacher">The teacher's name, where there are several; <c>null</c>: there is one.</param>
    public string NameAt(string? teacher) => Stream is null && teacher is not null ? $"{teacher}.{Name}" : Name;

    // ONNX names are often paths such as /layer1/Relu_output_0.
    private static string FromTensor(string tensor)
    {
        var name = new string([.. tensor.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-')]).Trim('-');
        return name.Length > 0 ? name : "tensor";
    }
}
