using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph.Import;

namespace OnnxKd.Pipeline.Stages;

/// <summary>The figures of an adjustment, on the samples that it was found on.</summary>
/// <param name="Classes">The classes.</param>
/// <param name="Offsets">What was added to the scores of each.</param>
/// <param name="Samples">Samples of the set.</param>
/// <param name="ErrorsBefore">Its errors without the offsets.</param>
/// <param name="ErrorsAfter">Its errors with them, measured with the file that was written.</param>
internal sealed record BiasFigures(IReadOnlyList<int> Classes, IReadOnlyList<float> Offsets, long Samples, int ErrorsBefore, int ErrorsAfter);

/// <summary>Finds offsets for class scores on a labelled set, writes them into a model, and checks that it gives what was meant.</summary>
internal static class BiasAdjustment
{
    /// <summary>Adjusts a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="import">Where its class scores are.</param>
    /// <param name="reader">The samples, as the model takes them, of a set with a label for each.</param>
    /// <param name="options">What is searched for.</param>
    /// <param name="progress">Told about samples.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">The set or the classes do not fit the model.</exception>
    /// <exception cref="CheckFailedException">What was written does not give what was meant.</exception>
    public static (OnnxModel Model, BiasFigures Figures) Adjust(
        OnnxModel model, StudentImport import, SampleReader reader, BiasOptions options, IProgress<StageProgress>? progress, CancellationToken token)
    {
        Check(reader.Set, options);
        import = OfTwoClasses(model, import, reader);
        var (logits, columns, classes) = Logits(model, import, reader, progress, token);
        reader.Set.RequireLabelsBelow(classes);
        var found = BiasSearch.Find(logits, reader.Set.Labels, options.Classes, options.Offsets == OffsetCount.Each);
        var offsets = new float[classes];
        for (var i = 0; i < options.Classes.Count; i++)
            offsets[options.Classes[i]] = found.Offsets[i];
        // One column is the score of the second of two classes against the first.
        if (columns == 1)
            offsets = [0, offsets[1] - offsets[0]];
        var adjusted = OutputBias.Add(model, import.Output, offsets.AsSpan(classes - columns));
        var after = Logits(adjusted, import, reader, progress, token).Logits;
        var (meant, meter) = (new LogitComparison(classes), new ClassificationMeter(classes));
        for (var i = 0; i < logits.Length; i++)
            logits[i] += offsets[i % classes];
        meant.Add(logits, after);
        meant.Result("the adjusted model", ExportParity.ToleranceOf(adjusted));
        meter.Add(after, reader.Set.Labels);
        return (adjusted, new(options.Classes, found.Offsets, reader.Set.Count, found.ErrorsBefore, (int)meter.Result().Errors));
    }

    /// <summary>Checks that offsets can be found on a set.</summary>
    /// <exception cref="InputException">They cannot.</exception>
    public static void Check(TransferSet set, BiasOptions options)
    {
        if (set.Labels.IsEmpty)
            throw new InputException(
                "Offsets are found by errors, which need a label for each sample.", set.Name, set.IsLabelled ? "several labels for each sample" : "no labels");
        var held = set.Labels.ToArray().ToHashSet();
        if (options.Classes.FirstOrDefault(c => !held.Contains(c), -1) is >= 0 and var missing)
            throw new InputException(
                "The set that offsets are found on has no sample of a class.", set.Name, $"class {missing}", "samples of each class that gets an offset",
                "choose other rows, or leave the class out");
        if (options.Classes.Count != options.Classes.Distinct().Count() || options.Classes.Count == held.Count)
            throw new InputException(
                "Offsets for these classes make no difference, or are not clear.", "classes", string.Join(", ", options.Classes),
                "each class once, and one at least that gets none");
    }

    /// <summary>A single column, which is as well one of labels, read as the score of the second of two classes.</summary>
    private static StudentImport OfTwoClasses(OnnxModel model, StudentImport import, SampleReader reader)
    {
        using var session = StudentSession.Open(model, reader.Set.SampleShape, import);
        return session.Output is { Kind: StreamKind.LabelLogit, Elements: 1 } ? import with { Kind = OutputKind.Classes } : import;
    }

    private static (float[] Logits, int Columns, int Classes) Logits(
        OnnxModel model, StudentImport import, SampleReader reader, IProgress<StageProgress>? progress, CancellationToken token)
    {
        using var session = StudentSession.Open(model, reader.Set.SampleShape, import);
        if (session.Output.Kind.Output() != OutputKind.Classes || session.Output.Positions > 1)
            throw new InputException(
                "Offsets are for class scores of whole samples.", model.Path ?? "the model", $"{session.Output.Kind} {Shapes.Format(session.Output.Shape)}",
                "[classes] per sample");
        if (session.Output.AreProbabilities)
            throw new InputException(
                "Offsets are added to logits, and the model makes its probabilities in another way than by a last Softmax or Sigmoid.", model.Path ?? "the model",
                $"probabilities in '{session.Output.Tensor}'", "logits, or a Softmax or Sigmoid of them", "distil a student of it, and adjust that one");
        var logits = new float[checked(reader.Set.Count * session.Output.Elements)];
        session.RunAll(
            reader, BatchSize.For(reader.Set.SampleElements, session.Output.Elements),
            (first, batch) =>
            {
                batch.Span.CopyTo(logits.AsSpan((int)first * session.Output.Elements));
                progress?.Report(new("adjust-bias", first + batch.Length / session.Output.Elements, reader.Set.Count, "samples"));
            },
            token);
        return (logits, session.Layouts[0].Classes, session.Classes);
    }
}
