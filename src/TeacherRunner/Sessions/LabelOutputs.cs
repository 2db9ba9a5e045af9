using System.Numerics.Tensors;
using Onnx;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// Finds outputs of a classifier that say for each position the class that its scores put first, as those of scikit-learn, LightGBM and ML.NET have them beside
/// the scores: the list of classes stands in the graph, and samples tell whether it is the one.
/// </summary>
internal static class LabelOutputs
{
    private const int Rows = 256;

    // Scores this close, by the largest of them, may be told apart by rounding alone.
    private const double Tie = 1e-5;

    /// <summary>Adds them to what is known of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="read">What a session sees of it: the outputs that are read.</param>
    /// <param name="reader">Samples, as the model takes them.</param>
    /// <returns>The interface with its labels; as it was, if no output is one.</returns>
    public static ModelInterface AddTo(OnnxModel model, ModelInterface read, SampleReader reader)
    {
        var decided = Decision.AllOf(model.Proto.Graph).Select(decision => decision.Output).ToHashSet(StringComparer.Ordinal);
        InterfaceLabel[] candidates = [.. read.Missing.Select(name => Candidate(model.Given.Graph, name, decided.Contains(name))).OfType<InterfaceLabel>()];
        if (candidates.Length == 0 || read.Outputs.All(output => output is null))
            return read;
        using var session = WrittenSession.Open(model, read with { Labels = candidates }, reader.Set.SampleShape);
        var answers = Run(session, reader);
        return read with
        {
            Labels =
            [
                .. candidates.Select((label, i) => Enumerable.Range(0, read.Outputs.Count)
                    .Select(of => Match(model.Given.Graph, label with { Of = of }, read.Outputs[of], of, i, answers)).FirstOrDefault(match => match is not null)).OfType<InterfaceLabel>(),
            ],
        };
    }

    /// <summary>Which column of a position's scores is first: of one column, whether the second of two classes, or the only label, holds.</summary>
    /// <param name="scores">The scores of a position, as the output gives them.</param>
    /// <param name="activation">Behind which function.</param>
    public static int Top(ReadOnlySpan<float> scores, HeadActivation activation) =>
        scores.Length > 1 ? TensorPrimitives.IndexOfMax(scores) : scores[0] > (activation == HeadActivation.Sigmoid ? 0.5 : 0) ? 1 : 0;

    /// <summary>Whether rounding may decide whether a class comes first.</summary>
    /// <param name="scores">The scores of a position.</param>
    /// <param name="c">The class.</param>
    /// <param name="activation">Behind which function.</param>
    private static bool IsTie(ReadOnlySpan<float> scores, int c, HeadActivation activation) => scores.Length > 1
        ? TensorPrimitives.Max(scores) - (double)scores[c] <= Tie * Math.Max(1, Math.Abs(TensorPrimitives.MaxMagnitude(scores)))
        : Math.Abs(scores[0] - (activation == HeadActivation.Sigmoid ? 0.5 : 0)) <= Tie;

    /// <summary>Whether a label is the class of the highest score, or of one that rounding alone may put behind it.</summary>
    /// <param name="said">The label.</param>
    /// <param name="classes">What is said of each class.</param>
    /// <param name="scores">The scores of a position, as the output gives them.</param>
    /// <param name="activation">Behind which function.</param>
    public static bool IsTop(string said, IReadOnlyList<string> classes, ReadOnlySpan<float> scores, HeadActivation activation)
    {
        if (classes[Top(scores, activation)] == said)
            return true;
        for (var c = 0; c < classes.Count; c++)
            if (classes[c] == said)
                return IsTie(scores, Math.Min(c, scores.Length - 1), activation);
        return false;
    }

    private static InterfaceLabel? Candidate(GraphProto graph, string name, bool isDecided)
    {
        if (graph.Output.First(output => output.Name == name).Type?.TensorType is not { } tensor)
            return null;
        return (DataType)tensor.ElemType switch
        {
            DataType.String => new(name, ElementType.Int64, [], []) { IsText = true },
            // Floats that are no decision may be millions of values.
            _ when TensorTypes.TryElementType(tensor.ElemType, out var type) && (!type.IsFloat() || isDecided) => new(name, type, [], []),
            _ => null,
        };
    }

    private static List<WrittenAnswer> Run(WrittenSession session, SampleReader reader)
    {
        var (count, answers) = ((int)Math.Min(Rows, reader.Set.Count), new List<WrittenAnswer>());
        var batch = session.FixedRows ?? count;
        // From all over the set, for it may be sorted by class.
        long[] all = [.. Enumerable.Range(0, (count + batch - 1) / batch * batch).Select(i => i % count * reader.Set.Count / count)];
        foreach (var rows in all.Chunk(batch))
        {
            var samples = new float[batch * reader.Set.SampleElements];
            reader.Read(rows, view: 0, samples);
            answers.Add(session.Run(samples, batch));
        }

        return answers;
    }

    /// <summary>The label with its classes, if a list of them fits every sample.</summary>
    private static InterfaceLabel? Match(GraphProto graph, InterfaceLabel label, InterfaceOutput? scores, int of, int at, List<WrittenAnswer> answers)
    {
        if (scores is null || answers[0].Labels[at].Shape is not [_, .. var dims] || (label with { Dims = dims }).Positions != scores.Layout.Positions)
            return null;
        var columns = Math.Max(2, scores.Columns);
        var differs = answers.SelectMany(answer => answer.Labels[at].Values).Distinct().Skip(1).Any();
        var lists = ClassLists.Behind(graph, label.Name, columns).Concat(scores.Keys is { } keys ? [(keys, true)] : [])
            .Where(found => found.IsOfClasses || differs).Select(found => found.List);
        return lists.Where(list => answers.TrueForAll(answer => Fits(list, answer))).Select(list => label with { Dims = dims, Classes = list }).FirstOrDefault();

        bool Fits(IReadOnlyList<string> list, WrittenAnswer answer)
        {
            var (values, said) = (scores.Layout.ToClassLast(answer.Outputs[of]!), answer.Labels[at].Values);
            for (var i = 0; i < said.Length; i++)
                if (!IsTop(said[i], list, values.AsSpan(i * scores.Columns, scores.Columns), scores.Activation))
                    return false;

            return true;
        }
    }
}
