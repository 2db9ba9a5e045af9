using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>An exported student in the place of its teacher.</summary>
internal static class StandIn
{
    // Of probabilities and values beside them, computed by two programs; of float16, whose steps are larger.
    private const double Tolerance = 1e-4;
    private const double ToleranceOfHalves = 2e-3;

    /// <summary>What a session sees that is written for a teacher.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="outputs">What a student learns: the teacher's first output, then streams by name.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <returns>An output for each; <c>null</c> for a stream that is not the teacher's.</returns>
    public static ModelInterface FindInterface(TeacherOptions teacher, IReadOnlyList<(string Stream, OutputKind? Kind)> outputs, SampleShape sampleShape)
    {
        var (model, taps) = (OnnxModel.Load(teacher.Model), outputs.Skip(1).Select(output => teacher.Outputs.FirstOrDefault(tapped => tapped.Name == output.Stream)).ToArray());
        ModelReading[] readings =
        [
            teacher.Reading with { Tensor = OutputBehind(model.Proto.Graph, teacher.Output), Kind = teacher.Kind ?? outputs[0].Kind },
            .. taps.Zip(outputs.Skip(1)).Where(pair => pair.First is not null).Select(pair => new ModelReading
            {
                Tensor = OutputBehind(model.Proto.Graph, pair.First!.Tensor), Kind = pair.First.Kind ?? pair.Second.Kind, ClassAxis = pair.First.ClassAxis,
            }),
        ];
        using var session = OnnxClassifier.Open(model, sampleShape, readings, new() { Device = "cpu", Inputs = teacher.Inputs });
        var found = new Queue<InterfaceOutput?>(session.Interface.Others);
        return session.Interface with { Others = [.. taps.Select(tapped => tapped is null ? null : found.Dequeue())] };
    }

    /// <summary>Runs a student in a session that was written for its teacher, and the teacher beside it.</summary>
    /// <param name="student">The exported student.</param>
    /// <param name="reader">The samples, as the student takes them.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="written">What the session was written for.</param>
    /// <param name="output">Which of its outputs.</param>
    /// <param name="trained">What the trained student gives for the first samples of the set: samples × positions × columns.</param>
    /// <param name="columns">Columns of that.</param>
    /// <exception cref="CheckFailedException">The student does not run there, or gives something else than what was trained, behind the teacher's last function.</exception>
    public static void Require(OnnxModel student, SampleReader reader, TeacherOptions teacher, ModelInterface written, InterfaceOutput output, ReadOnlySpan<float> trained, int columns)
    {
        var set = reader.Set;
        using var original = WrittenSession.Open(OnnxModel.Load(teacher.Model), written, output, set.SampleShape);
        using var swapped = WrittenSession.Open(student, written, output, set.SampleShape);
        var values = output.Layout.Positions * columns;
        var known = trained.Length / values;
        long[] rows = [.. Enumerable.Range(0, original.Rows).Select(row => (long)(row % known))];
        original.Run(Read(SampleReader.Of(set, teacher.Preprocessing)), rows.Length);
        var found = output.Layout.ToClassLast(swapped.Run(Read(reader), rows.Length));
        var tolerance = output.Type == ElementType.Float16 ? ToleranceOfHalves : Tolerance;
        for (var i = 0; i < rows.Length * output.Layout.Positions; i++)
        {
            var (row, position) = Math.DivRem(i, output.Layout.Positions);
            var expected = Finish(trained.Slice((int)rows[row] * values + position * columns, columns), output);
            for (var c = 0; c < expected.Length; c++)
            {
                var value = found[i * expected.Length + c];
                if (!(Math.Abs(value - expected[c]) <= tolerance * Math.Max(1, expected.Max(Math.Abs))))
                    throw new CheckFailedException(
                        "The exported student does not give what its teacher's sessions expect.", $"output '{output.Name}' of {Path.GetFileName(student.Path)}",
                        FormattableString.Invariant($"sample {rows[row]}, column {c}: {value}"), FormattableString.Invariant($"{expected[c]:g6}"),
                        "do not ship this file; set export.interface: own, and report a defect");
            }
        }

        float[] Read(SampleReader samples)
        {
            var read = new float[rows.Length * set.SampleElements];
            samples.Read(rows, view: 0, read);
            return read;
        }
    }

    /// <summary>The teacher's last function, of one position's scores.</summary>
    private static double[] Finish(ReadOnlySpan<float> scores, InterfaceOutput output)
    {
        double[] row = [.. scores];
        if (row.Length == 2 && output.Columns == 1)
            row = [row[1] - row[0]];
        var largest = row.Max();
        var normaliser = largest + Math.Log(row.Sum(score => Math.Exp(score - largest)));
        return output.Activation switch
        {
            HeadActivation.Softmax => Array.ConvertAll(row, score => Math.Exp(score - normaliser)),
            HeadActivation.LogSoftmax => Array.ConvertAll(row, score => score - normaliser),
            HeadActivation.Sigmoid => Array.ConvertAll(row, SoftmaxMath.Sigmoid),
            HeadActivation.SigmoidOfScores => [.. row.Select((value, column) => column < DetectorForm.BoxColumns ? value : SoftmaxMath.Sigmoid(value))],
            _ => row,
        };
    }

    /// <summary>The output whose scores a tensor inside the graph holds, where a teacher is read there.</summary>
    private static string? OutputBehind(GraphProto graph, string? tensor) =>
        tensor is null || graph.Output.Any(output => output.Name == tensor) ? tensor
        : graph.Output.FirstOrDefault(output => LogitTrace.Find(graph, output.Name, "").Logits == tensor)?.Name ?? tensor;
}
