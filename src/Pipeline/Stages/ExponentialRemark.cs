using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What there is to say of values that spread over orders of magnitude because the teacher makes them so.</summary>
internal static class ExponentialRemark
{
    /// <summary>The remark; <c>null</c>: the teacher's values are no exponentials.</summary>
    /// <param name="teacher">A teacher.</param>
    /// <param name="stream">What is learned from it.</param>
    public static string? Of(TeacherOptions teacher, CacheStream stream)
    {
        if (stream.Kind != StreamKind.Value || teacher.IsRecorded)
            return null;
        var graph = SharedModels.Load(teacher.Model).Proto.Graph;
        var trace = LogitTrace.Find(graph, teacher.Output, teacher.Model);
        return trace.IsInner || new GraphIndex(graph).Producer(trace.Source) is not { OpType: "Exp" } last ? null
            : $"the values of {Path.GetFileName(teacher.Model)} are exponentials, of which the largest decide the loss: the tensor before is learned evenly "
                + $"(output: {YamlWord.Of(last.Input[0])} under the teacher), and the student then gives logarithms";
    }
}
