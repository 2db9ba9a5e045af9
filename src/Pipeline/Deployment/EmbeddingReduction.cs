using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.TeacherRunner.Conversion;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Deployment;

/// <summary>The figures of an embedding that was made narrower.</summary>
/// <param name="Columns">The columns that it had.</param>
/// <param name="Kept">The columns that it has.</param>
/// <param name="Samples">Samples that the directions were found on.</param>
/// <param name="Share">The share of their squared length that is kept.</param>
/// <param name="OtherSamples">Samples that they were not found on.</param>
/// <param name="SameNeighbours">The share of these whose nearest other one is still the same.</param>
internal sealed record ReductionFigures(int Columns, int Kept, int Samples, double Share, int OtherSamples, double SameNeighbours);

/// <summary>Finds the leading directions of a teacher's embeddings, and puts them behind it: principal components.</summary>
internal static class EmbeddingReduction
{
    private const int MostSamples = 10_000;
    private const int MostOthers = 2_000;
    private const double Tolerance = 1e-4;

    /// <summary>Makes a teacher's embedding narrower.</summary>
    /// <param name="set">Samples.</param>
    /// <param name="options">The capture, of one teacher.</param>
    /// <param name="kept">The columns to keep.</param>
    /// <param name="progress">Told about samples.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">There is not one teacher that is a file and gives embeddings; or not that many columns, or too few samples; or all are zeros.</exception>
    /// <exception cref="CheckFailedException">What is written does not give what was meant.</exception>
    public static (OnnxModel Model, ReductionFigures Figures) Reduce(
        TransferSet set, CaptureOptions options, int kept, IProgress<StageProgress>? progress, CancellationToken token)
    {
        if (options.Teachers is not [{ IsRecorded: false } teacher])
            throw new InputException(
                "Only the embedding of a single model can be reduced.", "teachers", $"{options.Teachers.Count}{(options.Teachers.Count == 1 ? ", whose answers lie on disk" : "")}",
                "one, that is an ONNX file", "name one: --teacher");
        var (model, read) = (OnnxModel.Load(teacher.Model), set.Modality(teacher.Modality));
        var settings = new SessionSettings { Device = options.Device, Threads = options.Threads, Inputs = teacher.Inputs, Known = read, KnownPreprocessing = teacher.Preprocessing };
        var (whole, columns) = Embeddings(model, teacher.Reading);
        var rows = whole.Length / columns;
        var others = Math.Min(MostOthers, rows / 5);
        if (kept < 1 || kept >= columns)
            throw new InputException("An embedding cannot have that many columns.", "--columns", $"{kept}", $"1 to {columns - 1}; {teacher.File} gives {columns}");
        if (rows - others < kept)
            throw new InputException(
                "There are fewer samples than columns to keep.", read.Name, $"{rows} samples, of which {others} are held out for the figures", $"{kept} or more besides, ten times as many if they are there",
                "give more samples, or keep fewer columns");
        var (found, held) = (whole[(others * columns)..], whole[..(others * columns)]);
        if (!found.AsSpan().ContainsAnyExcept(0f))
            throw new InputException(
                "The embeddings have no directions.", teacher.File, $"zeros for {rows - others} samples of {read.Name}", "embeddings that differ", "check the samples, and the teacher's preprocessing");
        var components = PrincipalComponents.Find(found, columns, kept);
        var isOfLengthOne = Distributions.AreUnitVectors(whole, columns);
        var reduced = EmbeddingColumns.Reduce(model, teacher, read.SampleShape, components.Directions, kept, isOfLengthOne);
        Verify(components.Apply(whole), Embeddings(reduced, new() { Kind = OutputKind.Embedding }).Rows, kept, isOfLengthOne);
        return (reduced, new(columns, kept, rows - others, components.Share, others, components.SameNeighbours(held, components.Apply(held))));

        (float[] Rows, int Columns) Embeddings(OnnxModel asked, ModelReading reading)
        {
            using var session = OnnxClassifier.Open(asked, read.SampleShape, [reading], settings);
            if (session.Output.Kind.Output() != OutputKind.Embedding || session.Output.Positions > 1)
                throw new InputException(
                    "Only the columns of an embedding can be reduced.", teacher.File, $"{session.Output.Kind.Output()!.Value.Word()} {Shapes.Format(session.Output.Shape)} per sample",
                    "an embedding", "say so where it is one (--kind embedding); the states of tokens become one with pooling: mean (--pooling mean)");
            return (Run(session, SampleReader.Of(read, teacher.Preprocessing), progress, token), session.Output.Elements);
        }
    }

    /// <summary>Runs samples from all over the set, which may be sorted; so is the first fifth of what comes out.</summary>
    private static float[] Run(OnnxClassifier session, SampleReader reader, IProgress<StageProgress>? progress, CancellationToken token)
    {
        var (set, count, width) = (reader.Set, (int)Math.Min(MostSamples, reader.Set.Count), session.Output.Elements);
        long[] spread = [.. Enumerable.Range(0, count).Select(i => i * set.Count / count)];
        long[] rows = [.. spread.Where((_, i) => i % 5 == 0), .. spread.Where((_, i) => i % 5 != 0)];
        var (results, batch) = (new float[count * width], BatchSize.For(set.SampleElements, width));
        for (var first = 0; first < count; first += batch)
        {
            token.ThrowIfCancellationRequested();
            var some = rows[first..Math.Min(count, first + batch)];
            var samples = new float[some.Length * set.SampleElements];
            reader.Read(some, view: 0, samples);
            session.Run(samples, some.Length, row => $"sample {set.FileRow(some[row])} of {set.Name}", results.AsMemory(first * width, some.Length * width));
            progress?.Report(new("pca", first + some.Length, count, "samples"));
        }

        return results;
    }

    private static void Verify(float[] meant, float[] given, int columns, bool isOfLengthOne)
    {
        var worst = 0.0;
        for (var start = 0; start < meant.Length; start += columns)
        {
            var row = meant.AsSpan(start, columns);
            var written = given.AsSpan(start, columns);
            double length = TensorPrimitives.Norm<float>(row);
            var scale = isOfLengthOne && length > 0 ? 1 / length : 1;
            var difference = 0.0;
            for (var i = 0; i < columns; i++)
                difference += Math.Pow(row[i] * scale - written[i], 2);
            worst = Math.Max(worst, Math.Sqrt(difference) / Math.Max(length * scale, float.Epsilon));
        }

        if (!(worst <= Tolerance))
            throw new CheckFailedException(
                "The model that was written does not give the reduced embeddings.", "pca", $"they differ by {worst:G3} of their length", $"at most {Tolerance}");
    }
}
