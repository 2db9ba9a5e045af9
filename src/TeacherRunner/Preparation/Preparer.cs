using System.Runtime.ExceptionServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>Turns sources into a folder of samples: in batches, in the order of the sources, whatever the number of threads.</summary>
internal sealed class Preparer(PrepareOptions options, IProgress<StageProgress>? progress, CancellationToken token)
{
    private const int SourcesPerThread = 16;
    private const int SkippedShown = 100;

    private static readonly JsonSerializerOptions line =
        new(CanonicalJson.Options) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
    private readonly List<SkippedSource> skipped = [];
    private long skippedCount;

    /// <summary>Writes the folder.</summary>
    /// <param name="sources">What to prepare.</param>
    /// <param name="type">The type of a sample's elements.</param>
    /// <param name="shape">The shape of a sample.</param>
    /// <param name="asked">The options, to be recorded.</param>
    /// <param name="preprocess">The graph that is used; <c>null</c> if there is none.</param>
    /// <exception cref="InputException">A source is damaged, and that is not allowed; or nothing is left.</exception>
    public PreparationResult Run(SourceList sources, ElementType type, IReadOnlyList<int> shape, object asked, OnnxModel? preprocess)
    {
        using var folderLock = FolderLock.Acquire(options.Output);
        File.Delete(In(PreparedSet.ManifestFile));
        var columns = sources.Columns.Names;
        long rows = 0;
        AtomicFile.Write(In(PreparedSet.SamplesFile), samples => AtomicFile.Write(In(PreparedSet.SourcesFile), table =>
        {
            var writer = new SafetensorsRowWriter(samples, "samples", type, shape, columns, sources.Count);
            using (var lines = new StreamWriter(table, leaveOpen: true) { NewLine = "\n" })
                Write(sources, writer, lines);
            writer.Complete();
            rows = writer.Rows;
        }));
        if (preprocess is null)
            File.Delete(In(PreparedSet.PreprocessFile));
        else
            preprocess.Save(In(PreparedSet.PreprocessFile));
        var set = new PreparedSet(
            "onnxkd-prepared-set", 1, sources.Kind, rows, skippedCount, type, shape, columns, sources.Classes, asked, preprocess?.Digest);
        AtomicFile.WriteAllText(In(PreparedSet.ManifestFile), CanonicalJson.Serialize(set));
        return new(options.Output, set, skipped);
    }

    private string In(string file) => Path.Combine(options.Output, file);

    private void Write(SourceList sources, SafetensorsRowWriter writer, TextWriter table)
    {
        long done = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = token };
        foreach (var batch in sources.Items.Chunk(threads * SourcesPerThread))
        {
            var results = new Result[batch.Length];
            Parallel.For(0, batch.Length, parallel, i => results[i] = Try(batch[i]));
            for (var i = 0; i < batch.Length; i++)
                Write(batch[i], results[i], sources.Columns, writer, table);
            done += batch.Length;
            progress?.Report(new("prepare", done, sources.Count, sources.Unit, skippedCount > 0 ? $"{skippedCount} skipped" : null));
        }
        if (writer.Rows == 0)
            throw new InputException(
                "No sample is left: every source is damaged.", where: skipped[0].Source, found: skipped[0].Reason,
                remedy: "check the sources, and whether they are of the kind that was asked for");
    }

    private void Write(SourceItem item, Result result, SampleColumns columns, SafetensorsRowWriter writer, TextWriter table)
    {
        if (result.Sample is not { } sample)
        {
            if (result.Error!.SourceException is not InputException damage || !options.SkipCorrupt)
                result.Error.Throw();
            else
                Skip(item, damage.Message.ReplaceLineEndings(" "), table);
            return;
        }
        var label = sample.Label ?? item.Label;
        var id = writer.Rows;
        long[] entries = [.. Entry(columns.Labels, label), .. Entry(columns.Lengths, sample.Length), id];
        writer.Append(sample.Values, entries);
        table.WriteLine(JsonSerializer.Serialize(new TableLine(id, item.Name, label, sample.Length, sample.Text, null), line));
    }

    private static long[] Entry(bool wanted, long? value) => wanted ? [value!.Value] : [];

    private void Skip(SourceItem item, string reason, TextWriter table)
    {
        skippedCount++;
        if (skipped.Count < SkippedShown)
            skipped.Add(new(item.Name, reason));
        table.WriteLine(JsonSerializer.Serialize(new TableLine(null, item.Name, item.Label, null, null, reason), line));
    }

    private static Result Try(SourceItem item)
    {
        try
        {
            return new(item.Prepare(), null);
        }
        catch (Exception error)
        {
            return new(null, ExceptionDispatchInfo.Capture(error));
        }
    }

    private readonly record struct Result(PreparedSample? Sample, ExceptionDispatchInfo? Error);

    private sealed record TableLine(long? Id, string Source, long? Label, long? Length, string? Text, string? Skipped);
}
