using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What the trained student gives for some samples.</summary>
/// <param name="Values">Samples × positions × columns, of each output.</param>
/// <param name="Columns">Columns of each output.</param>
/// <param name="Kinds">What each holds.</param>
internal sealed record TrainedAnswer(IReadOnlyList<ReadOnlyMemory<float>> Values, IReadOnlyList<int> Columns, IReadOnlyList<OutputKind> Kinds);

/// <summary>An exported student in the place of its teacher: in a session that was written for that, with the teacher beside it.</summary>
internal sealed class StandIn : IDisposable
{
    // Of probabilities and values beside them, computed by two programs; of float16, whose steps are larger.
    private const double Tolerance = 1e-4;
    private const double ToleranceOfHalves = 2e-3;

    private readonly WrittenSession original;
    private readonly WrittenSession swapped;
    private readonly ModelInterface written;
    private readonly SampleReader reader;
    private readonly TeacherOptions teacher;
    private readonly string student;

    private StandIn(OnnxModel student, SampleReader reader, TeacherOptions teacher, ModelInterface written)
    {
        (this.reader, this.teacher, this.written, this.student) = (reader, teacher, written, Path.GetFileName(student.Path) ?? "the student");
        original = WrittenSession.Open(SharedModels.Load(teacher.Model), written, reader.Set.SampleShape);
        swapped = WrittenSession.Open(student, written, reader.Set.SampleShape);
    }

    /// <summary>What a session sees that is written for a teacher.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="outputs">What a student learns: the teacher's first output, then streams by name; each with its kind, where that is known.</param>
    /// <param name="reader">Samples, as the teacher takes them; some of them tell whether further outputs are labels, and labelled ones may tell what its output holds.</param>
    /// <returns>An output for each; <c>null</c> for a stream that is not the teacher's; and the labels that follow from them.</returns>
    public static ModelInterface FindInterface(TeacherOptions teacher, IReadOnlyList<(string Stream, OutputKind? Kind)> outputs, SampleReader reader)
    {
        var taps = outputs.Skip(1).Select(output => teacher.Outputs.FirstOrDefault(tapped => tapped.Name == output.Stream)).ToArray();
        var (model, readings, inner) = LaidBare.Open(SharedModels.Load(teacher.Model),
        [
            teacher.Reading with { Kind = teacher.Kind ?? outputs[0].Kind },
            .. taps.Zip(outputs.Skip(1)).Where(pair => pair.First is not null).Select(pair => new ModelReading
            {
                Tensor = pair.First!.Tensor, Kind = pair.First.Kind ?? pair.Second.Kind, ClassAxis = pair.First.ClassAxis,
            }),
        ]);
        using var session = OnnxClassifier.Open(
            model, reader.Set.SampleShape, readings,
            new() { Device = "cpu", Inputs = teacher.Inputs, Known = reader.Set.IsLabelled ? reader.Set : null, KnownPreprocessing = teacher.Preprocessing });
        var found = new Queue<InterfaceOutput?>(session.Interface.Others);
        var seen = LabelOutputs.AddTo(model, session.Interface with { Others = [.. taps.Select(tapped => tapped is null ? null : found.Dequeue())] }, reader);
        return seen with
        {
            Output = Visible(seen.Output), Others = [.. seen.Others.Select(Visible)], Order = [.. seen.Order.Except(inner)],
        };

        InterfaceOutput? Visible(InterfaceOutput? output) => output is null || inner.Contains(output.Name) ? null : output;
    }

    /// <summary>Puts a student into the session.</summary>
    /// <param name="student">The exported student.</param>
    /// <param name="reader">The samples, as the student takes them.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="written">What the session was written for.</param>
    public static StandIn Open(OnnxModel student, SampleReader reader, TeacherOptions teacher, ModelInterface written) => new(student, reader, teacher, written);

    /// <summary>Compares what the session reads with what was trained: of the first samples everything, and the teacher runs beside it; of the others the labels.</summary>
    /// <param name="first">The first sample's row.</param>
    /// <param name="trained">What the trained student gives for the samples from there on.</param>
    /// <exception cref="CheckFailedException">The student does not run there, or gives something else than what was trained, behind the teacher's last function.</exception>
    public void Require(long first, TrainedAnswer trained)
    {
        var (values, positions) = written.Outputs.Index().Where(output => output.Item is not null).Select(output => (output.Index, (long)output.Item!.Layout.Positions))
            .Concat(written.Labels.Select(label => (label.Of, label.Positions))).First();
        var known = (int)(trained.Values[values].Length / (positions * trained.Columns[values]));
        if (first == 0)
        {
            long[] rows = [.. Enumerable.Range(0, swapped.FixedRows ?? 2).Select(row => (long)(row % known))];
            original.Run(Read(SampleReader.Of(reader.Set, teacher.Preprocessing), rows), rows.Length);
            var answer = swapped.Run(Read(reader, rows), rows.Length);
            for (var i = 0; i < written.Outputs.Count; i++)
                if (written.Outputs[i] is { } output)
                    Require(output, answer.Outputs[i]!, rows, trained, i);
            RequireLabels(answer, rows, 0, trained);
        }

        if (written.Labels.Count > 0 && swapped.FixedRows is null)
        {
            long[] rows = [.. Enumerable.Range(0, known).Select(row => first + row)];
            RequireLabels(swapped.Run(Read(reader, rows), rows.Length), rows, first, trained);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        original.Dispose();
        swapped.Dispose();
    }

    private void Require(InterfaceOutput output, float[] given, long[] rows, TrainedAnswer trained, int at)
    {
        var (found, positions, columns) = (output.Layout.ToClassLast(given), output.Layout.Positions, trained.Columns[at]);
        var tolerance = output.Type == ElementType.Float16 ? ToleranceOfHalves : Tolerance;
        for (var i = 0; i < rows.Length * positions; i++)
        {
            var (row, position) = Math.DivRem(i, positions);
            var expected = Finish(trained.Values[at].Span.Slice((int)rows[row] * positions * columns + position * columns, columns), output);
            for (var c = 0; c < expected.Length; c++)
            {
                var value = found[i * expected.Length + c];
                if (!(Math.Abs(value - expected[c]) <= tolerance * Math.Max(1, Group(expected, c, trained.Kinds[at]).Max(Math.Abs))))
                    throw Refuse(
                        output.Name, FormattableString.Invariant($"sample {rows[row]}{(positions > 1 ? $", position {position}" : "")}, column {c}: {value}"),
                        FormattableString.Invariant($"{expected[c]:g6}"));
            }
        }
    }

    /// <summary>The columns that are of one size with a column: a detector's boxes are in pixels, its scores are not, and each value has its own unit.</summary>
    private static double[] Group(double[] row, int column, OutputKind kind) => kind switch
    {
        OutputKind.Values => [row[column]],
        OutputKind.Detector => column < DetectorForm.BoxColumns ? row[..DetectorForm.BoxColumns] : row[DetectorForm.BoxColumns..],
        _ => row,
    };

    private void RequireLabels(WrittenAnswer answer, long[] rows, long first, TrainedAnswer trained)
    {
        foreach (var (label, (said, shape)) in written.Labels.Zip(answer.Labels))
        {
            long[] expected = [rows.Length, .. label.Dims];
            if (!shape.SequenceEqual(expected))
                throw Refuse(label.Name, Shapes.Format(shape), Shapes.Format(expected));
            var (columns, positions) = (trained.Columns[label.Of], said.Length / rows.Length);
            for (var i = 0; i < said.Length; i++)
            {
                var (row, position) = Math.DivRem(i, positions);
                var scores = trained.Values[label.Of].Span.Slice((int)(rows[row] - first) * positions * columns + position * columns, columns);
                if (!LabelOutputs.IsTop(said[i], label.Classes, scores, HeadActivation.None))
                    throw Refuse(
                        label.Name, FormattableString.Invariant($"sample {rows[row]}: '{said[i]}'"),
                        $"'{label.Classes[LabelOutputs.Top(scores, HeadActivation.None)]}', the class of the highest score");
            }
        }
    }

    private float[] Read(SampleReader samples, long[] rows)
    {
        var read = new float[rows.Length * reader.Set.SampleElements];
        samples.Read(rows, view: 0, read);
        return read;
    }

    private CheckFailedException Refuse(string output, string found, string expected) => new(
        "The exported student does not give what its teacher's sessions expect.", $"output '{output}' of {student}", found, expected,
        "do not ship this file; set export.interface: own, and report a defect");

    /// <summary>The teacher's last function, of one position's scores.</summary>
    private static double[] Finish(ReadOnlySpan<float> scores, InterfaceOutput output)
    {
        double[] row = [.. scores];
        if (row.Length == 2 && output.Columns == 1)
            row = [row[1] - row[0]];
        var normaliser = SoftmaxMath.LogSumExp(row);
        return output.Activation switch
        {
            HeadActivation.Softmax => Array.ConvertAll(row, score => Math.Exp(score - normaliser)),
            HeadActivation.LogSoftmax => Array.ConvertAll(row, score => score - normaliser),
            HeadActivation.Sigmoid => Array.ConvertAll(row, SoftmaxMath.Sigmoid),
            HeadActivation.SigmoidOfScores => [.. row.Select((value, column) => column < DetectorForm.BoxColumns ? value : SoftmaxMath.Sigmoid(value))],
            _ => row,
        };
    }
}
