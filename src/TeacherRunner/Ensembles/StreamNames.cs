using OnnxKd.Core.Errors;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>Names the streams of a capture.</summary>
internal static class StreamNames
{
    /// <summary>The stream of the only teacher, or of all of them combined.</summary>
    public const string Logits = "logits";

    /// <summary>The stream of a further tensor: the name it was given, or one made from the tensor's.</summary>
    /// <param name="tapped">The tensor.</param>
    /// <param name="teacher">The teacher's name, where there are several.</param>
    public static string Of(TappedTensor tapped, string? teacher) =>
        tapped.Stream ?? (teacher is null ? FromTensor(tapped.Tensor) : $"{teacher}.{FromTensor(tapped.Tensor)}");

    /// <summary>Checks that no two streams have one name.</summary>
    /// <exception cref="InputException">Two have.</exception>
    public static void RequireDistinct(IEnumerable<string> names)
    {
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InputException(
                "Two streams of the capture have the same name.", "teachers", $"'{twice.Key}' {twice.Count()} times", "a name for each",
                "give names: outputs: { name: tensor }, features: { name: tensor }, or the teacher's own name");
    }

    // ONNX names are often paths such as /layer1/Relu_output_0.
    private static string FromTensor(string tensor)
    {
        var name = new string([.. tensor.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-')]).Trim('-');
        return name.Length > 0 ? name : "tensor";
    }
}
