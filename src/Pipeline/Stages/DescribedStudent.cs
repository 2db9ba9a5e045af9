using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A student of ours as its own metadata describe it, without the recipe that it was made by.</summary>
internal static class DescribedStudent
{
    /// <summary>How it is trained further, or run in the trainer's executor.</summary>
    /// <param name="student">The file.</param>
    /// <param name="output">The only output that matters, by its name or by that of the stream that it learned from; <c>null</c>: all that the file describes, or its only one.</param>
    public static StudentImport Import(OnnxModel student, string? output = null)
    {
        var heads = HeadMetadata.Of(student.Proto);
        if (output is not null)
            heads = [.. heads.Where(head => head.Output == output || head.Stream == output).Take(1)];
        return heads.Count > 0
            ? new()
            {
                Output = heads[0].Output, Kind = heads[0].Kind, ClassAxis = heads[0].ClassAxis, Scores = heads[0].Scores,
                Outputs = [.. heads.Skip(1).Select(head => new TappedTensor(head.Output, head.Stream) { Kind = head.Kind, ClassAxis = head.ClassAxis })],
            }
            : new() { Output = output, Kind = KindEvidence.OfMetadata(student.Proto)?.Kind, ClassAxis = DetectorMetadata.AxisOf(student.Proto) };
    }

    /// <summary>How an output is read in ONNX Runtime.</summary>
    public static ModelReading Reading(DescribedHead head) => new()
    {
        Tensor = head.Output, Kind = head.Kind, ClassAxis = head.ClassAxis, Scores = head.Scores, Boxes = head.Boxes, Objectness = head.Objectness, Background = head.Background,
    };

    /// <summary>A teacher that a training makes, read as it was trained, unless the recipe says otherwise.</summary>
    /// <param name="import">How it was trained.</param>
    /// <param name="teacher">What the recipe says of it.</param>
    public static TeacherOptions Read(StudentImport import, TeacherOptions teacher) => teacher.Output is not null ? teacher : teacher with
    {
        Output = import.Output, Scores = teacher.Scores ?? import.Scores, ClassAxis = teacher.ClassAxis ?? import.ClassAxis,
    };

    /// <summary>The same for a file.</summary>
    /// <param name="head">The output.</param>
    /// <param name="file">The file, and how samples are prepared for it.</param>
    public static TeacherOptions Read(DescribedHead head, TeacherOptions file) => file with
    {
        Output = head.Output, Kind = head.Kind, ClassAxis = head.ClassAxis, Scores = head.Scores, Boxes = head.Boxes, Objectness = head.Objectness, Background = head.Background,
    };
}
