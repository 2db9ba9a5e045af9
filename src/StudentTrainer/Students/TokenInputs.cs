using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>What an architecture of text reads.</summary>
/// <param name="Ids">Token ids [N, T].</param>
/// <param name="Padding">Where a token is padding: true in [N, T]; <c>null</c>: nothing says so.</param>
/// <param name="Kinds">The kind of each token, from 0 on, in [N, T]; <c>null</c>: they are of one kind.</param>
internal sealed record TokenInputs(Value Ids, Value? Padding, Value? Kinds)
{
    /// <summary>Declares them: token ids alone, or the named inputs of samples that are token ids, their mask, and their kinds.</summary>
    /// <exception cref="Core.Errors.InputException">The samples have other inputs.</exception>
    public static TokenInputs Of(StudentRequest student, GraphBuilder graph)
    {
        var sample = student.SampleShape;
        if (sample.Parts.Count == 0)
            return new(student.Tokens(graph), null, null);
        var (mask, kinds) = (sample.Mask is { } named ? sample.Find(named) : null, sample.Kinds);
        if (!sample.AreTokens)
            throw student.WrongSamples("needs token ids", "rows of integers of one length: token ids, and beside them no more than a mask (data.transfer.mask, or data.transfer.padding where 1 is padding) and token_type_ids");
        return new(
            Declare(sample.Tokens!),
            mask is null ? null : graph.Binary("Equal", "padding", Declare(mask), graph.Integer("padding.mark", sample.MarksPadding ? 1 : 0)),
            kinds is null ? null : Declare(kinds));

        Value Declare(SamplePart part) => graph.Input(part, ElementType.Int64, "T");
    }
}
