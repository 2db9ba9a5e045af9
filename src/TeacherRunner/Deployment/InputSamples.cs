using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Deployment;

/// <summary>What one input of a model is fed with: samples, one of several inputs that samples consist of, or a number everywhere.</summary>
/// <param name="Reader">Reads the samples; <c>null</c>: a number.</param>
/// <param name="Part">The samples' input; <c>null</c>: samples are one tensor.</param>
/// <param name="Constant">The number, where there are no samples.</param>
public sealed record InputSamples(SampleReader? Reader, SamplePart? Part = null, double Constant = 0)
{
    /// <summary>The shape of what one sample feeds; <c>null</c>: any.</summary>
    internal IReadOnlyList<int>? Shape => Part?.Shape ?? Reader?.Set.SampleShape;

    /// <summary>The values of some samples, one after the other.</summary>
    /// <param name="rows">Which.</param>
    internal float[] Read(long[] rows)
    {
        var set = Reader!.Set;
        var read = new float[rows.Length * set.SampleElements];
        Reader.Read(rows, view: 0, read);
        if (Part is null)
            return read;
        var own = new float[rows.Length * Part.Elements];
        for (var row = 0; row < rows.Length; row++)
            read.AsSpan(row * set.SampleElements + Part.Offset, Part.Elements).CopyTo(own.AsSpan(row * Part.Elements));
        return own;
    }
}
