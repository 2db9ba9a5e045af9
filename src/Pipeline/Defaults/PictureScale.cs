using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>Tells pictures of 0 to 255 that a model may have learned as 0 to 1: what it says of them is then wrong, and nothing else shows it without labels.</summary>
internal static class PictureScale
{
    private const int MostSamples = 16;

    // What reaches it is no picture of 0 to 1 that holds whole numbers by chance.
    private const int LeastBrightest = 32;

    /// <summary>What to say of a teacher without preprocessing that gets bytes, where nothing in it is made for their scale; <c>null</c>: nothing.</summary>
    /// <param name="set">The samples.</param>
    /// <param name="kind">What they are.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="model">Its model.</param>
    public static string? NoteOf(TransferSet set, SampleKind kind, TeacherOptions teacher, OnnxModel model) =>
        kind == SampleKind.Image && teacher is { Preprocessing.IsNone: true, Modality: null } && OwnScale.Find(model) is null && (set.Type == ElementType.UInt8 || AreBytes(set))
            ? $"pictures of 0 to 255 go into {Path.GetFileName(teacher.Model)} as they are, and nothing in it scales them: if it learned 0 to 1, say --scale 1/255 (and --mean, --std)"
            : null;

    private static bool AreBytes(TransferSet set)
    {
        var count = (int)Math.Min(set.Count, MostSamples);
        var values = new float[count * (long)set.SampleElements];
        set.Read([.. Enumerable.Range(0, count).Select(row => (long)row)], values);
        return Array.TrueForAll(values, value => value is >= 0 and <= byte.MaxValue && value == MathF.Truncate(value)) && values.Max() >= LeastBrightest;
    }
}
