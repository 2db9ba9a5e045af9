using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>Errors for a model that opens, but does not run on what it is fed with: each says what is the cause as far as another run can tell.</summary>
internal static class RunFailure
{
    /// <summary>A batch fails, and nothing tells why.</summary>
    /// <param name="e">What ONNX Runtime says.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="rows">The size of the batch.</param>
    public static InputException OfBatch(OnnxRuntimeException e, string model, int rows) => new(
        $"ONNX Runtime failed while it ran the model on a batch of {rows}.", model, SessionFactory.Explain(e), null,
        "look at these samples: a value may be none that the model takes", e);

    /// <summary>A batch fails whose samples alone do not.</summary>
    /// <inheritdoc cref="OfBatch"/>
    public static InputException OfBatchSize(OnnxRuntimeException e, string model, int rows) => new(
        $"ONNX Runtime failed while it ran the model on a batch of {rows}, and does not on one sample.", model, SessionFactory.Explain(e), "a model that takes batches of any size",
        "the model was exported for one batch size only: export it again with a dynamic or a declared batch axis", e);

    /// <summary>A sample fails on its own.</summary>
    /// <param name="e">What ONNX Runtime says.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="sample">The sample and its set.</param>
    public static InputException OfSample(OnnxRuntimeException e, string model, string sample) => new(
        "ONNX Runtime failed while it ran the model on a sample.", $"{sample}, in {model}", SessionFactory.Explain(e), "values that the model takes", "correct the sample, or take it out", e);

    /// <summary>A model fails on made-up samples, however many.</summary>
    /// <param name="e">What ONNX Runtime says.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="fed">What feeds its inputs; none: it has one.</param>
    public static InputException OfInputs(OnnxRuntimeException e, string model, IReadOnlyList<FedInput> fed) => fed.Count == 0
        ? new("ONNX Runtime failed while it ran the model on made-up samples.", model, SessionFactory.Explain(e), null, "check that the file runs on samples of this shape", e)
        : new(
            "A model does not run on inputs of these lengths together.", model, $"{Describe(fed)}; ONNX Runtime: {SessionFactory.Explain(e)}",
            ConflictOf(fed) ?? "inputs that fit together",
            "check that these files and keys belong together (data: inputs), and what feeds the others (inputs under the model)", e);

    /// <summary>The cause of a failure: the first sample that fails on its own; where none does, it is the size of the batch.</summary>
    /// <param name="failure">The failure of a batch, within which is that of ONNX Runtime.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="count">The samples that failed together.</param>
    /// <param name="runOne">Runs one of them.</param>
    /// <param name="nameOf">The sample and its set.</param>
    public static InputException CauseOf(InputException failure, string model, int count, Action<int> runOne, Func<int, string> nameOf)
    {
        for (var row = 0; row < count; row++)
        {
            try
            {
                runOne(row);
            }
            catch (InputException e) when (e.InnerException is OnnxRuntimeException cause)
            {
                return OfSample(cause, model, nameOf(row));
            }
        }
        return OfBatchSize((OnnxRuntimeException)failure.InnerException!, model, count);
    }

    /// <summary>Opens a model that several inputs feed: if it would open without them, it is they that do not fit.</summary>
    /// <param name="open">Opens a model.</param>
    /// <param name="proto">The model with what feeds it.</param>
    /// <param name="bare">The model alone.</param>
    /// <param name="fed">What feeds its inputs; none: it has one.</param>
    /// <param name="model">The model's name.</param>
    public static InferenceSession OpenFed(Func<ModelProto, InferenceSession> open, ModelProto proto, ModelProto bare, IReadOnlyList<FedInput> fed, string model)
    {
        try
        {
            return open(proto);
        }
        catch (InputException e) when (fed.Count > 0 && e.InnerException is OnnxRuntimeException cause && Opens())
        {
            throw OfInputs(cause, model, fed);
        }

        bool Opens()
        {
            try
            {
                open(bare).Dispose();
                return true;
            }
            catch (OnnxKdException)
            {
                return false;
            }
        }
    }

    private static string Describe(IEnumerable<FedInput> fed) =>
        string.Join(", ", fed.Select(input => input.Part is { } part ? $"{input.Input.Name} {Core.Tensors.Shapes.Format(part.Shape)}" : $"{input.Input.Name} (a constant)"));

    /// <summary>Inputs that name one axis in common, and are fed with different lengths of it; <c>null</c>: there are none.</summary>
    private static string? ConflictOf(IEnumerable<FedInput> fed)
    {
        var known = new Dictionary<string, (long Length, string Input)>(StringComparer.Ordinal);
        foreach (var (input, part) in fed)
            if (part is not null && input.ShapeOf() is { Count: > 0 } shape && SampleFit.Find([.. shape.Skip(1)], part.Shape) is { } dims)
                foreach (var (axis, length) in shape.Skip(1).Zip(dims))
                    if (axis.Name is not null && !known.TryAdd(axis.Name, (length, input.Name)) && known[axis.Name] is var other && other.Length != length)
                        return $"one length of axis '{axis.Name}', which is {other.Length} in '{other.Input}' and {length} in '{input.Name}'";
        return null;
    }
}
