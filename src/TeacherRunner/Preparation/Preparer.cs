using System.Runtime.ExceptionServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>
/// Turns sources into a folder of samples: in batches, in the order of the sources, whatever the number of threads, and going on where an
/// earlier run of the same stopped.
/// </summary>
internal sealed class Preparer(PrepareOptions options, IProgress<StageProgress>? progress, CancellationToken token)
{
    private const int SourcesPerThread = 16;
    private const int SkippedShown = 100;

    private readonly int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
    private readonly List<SkippedSource> skipped = [];
    private long skippedCount;

    /// <summary>How much work a kill may cost; default: a second's.</summary>
    public TimeSpan SaveEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Writes the folder.</summary>
    /// <param name="sources">What to prepare.</param>
    /// <param name="type">The type of a sample's elements.</param>
    /// <param name="shape">The shape of a sample.</param>
    /// <param name="asked">The options, to be recorded.</param>
    /// <param name="preprocess">The graph that is used; <c>null</c> if there is none.</param>
    /// <exception cref="InputException">A source is damaged, and that is not allowed; or nothing is left.</exception>
    public PreparationResult Run(SourceList sources, ElementType type, IReadOnlyList<int> shape, object asked, OnnxModel? preprocess)
    {
        RequireOwn();
        using var folderLock = FolderLock.Acquire(options.Output);
        File.Delete(In(PreparedSet.ManifestFile));
        var columns = sources.Columns.Names;
        long rows = 0;
        using (var partial = new PartialSet(options.Output, Hashing.Sha256(CanonicalJson.Serialize(Describe(sources.Count))), SaveEvery))
        {
            var writer = new SafetensorsRowWriter(partial.Samples, PreparedSet.SamplesTensor, type, shape, columns, sources.Count);
            DiskErrors.Guard(partial.Samples.Name, () => Write(sources, writer, partial));
            rows = writer.Rows;
        }
        if (preprocess is null)
            File.Delete(In(PreparedSet.PreprocessFile));
        else
            preprocess.Save(In(PreparedSet.PreprocessFile));
        var set = Describe(rows) with { Digests = PreparedDigests.Of(options.Output, SamplesDigest()) };
        AtomicFile.WriteAllText(In(PreparedSet.ManifestFile), CanonicalJson.Serialize(set));
        return new(options.Output, set, skipped);

        PreparedSet Describe(long samples) => new(
            "onnxkd-prepared-set", 1, sources.Kind, samples, skippedCount, type, shape, columns, asked, sources.Classes,
            preprocess?.Digest);
    }

    private string SamplesDigest()
    {
        using var set = TransferSet.Open(new() { Samples = In(PreparedSet.SamplesFile), SamplesKey = PreparedSet.SamplesTensor });
        return set.SamplesDigest;
    }

    /// <summary>Files that a set would replace must be those of a set: in its folder there is a lock, or at least the record of a copy.</summary>
    private void RequireOwn()
    {
        if (File.Exists(In(PreparedSet.ManifestFile)) || File.Exists(In(FolderLock.FileName)))
            return;
        string[] files = [PreparedSet.SamplesFile, PreparedSet.SourcesFile, PreparedSet.PreprocessFile];
        if (Array.Find(files, file => FileStatus.Of(In(file)).Kind != FileKind.None) is { } other)
            throw new InputException(
                "A prepared set would replace something else.", In(other), "a file that belongs to no prepared set", "a folder of its own",
                "choose another folder, or move the file away");
    }

    private string In(string file) => Path.Combine(options.Output, file);

    /// <summary>Goes on where an earlier run stopped, and records how far it got if it stops too.</summary>
    private void Write(SourceList sources, SafetensorsRowWriter writer, PartialSet partial)
    {
        var done = Resume(sources, writer, partial);
        try
        {
            Write(sources, done, writer, partial);
        }
        catch
        {
            partial.Save();
            throw;
        }
        if (writer.Rows == 0)
            throw new InputException(
                "No sample is left: every source is damaged.", where: skipped[0].Source, found: skipped[0].Reason,
                remedy: "check the sources, and whether they are of the kind that was asked for");
        writer.Complete();
        partial.Finish();
    }

    private int Resume(SourceList sources, SafetensorsRowWriter writer, PartialSet partial)
    {
        var lines = partial.Resume(sources, options.SkipCorrupt, writer.BytesOf);
        writer.Restore(lines.Where(line => line.Id is not null).Select(line => Entries(sources.Columns, line)));
        foreach (var line in lines.Where(line => line.Id is null))
            Skip(line);
        return lines.Count;
    }

    private void Write(SourceList sources, int done, SafetensorsRowWriter writer, PartialSet partial)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = token };
        foreach (var batch in sources.Items.Skip(done).Chunk(threads * SourcesPerThread))
        {
            var results = new Result[batch.Length];
            Parallel.For(0, batch.Length, parallel, i => results[i] = Try(batch[i]));
            for (var i = 0; i < batch.Length; i++)
                partial.Add(batch[i], Write(batch[i], results[i], sources.Columns, writer));
            done += batch.Length;
            partial.SaveNowAndThen();
            progress?.Report(new("prepare", done, sources.Count, sources.Unit, skippedCount > 0 ? $"{skippedCount} skipped" : null));
        }
    }

    private SourceLine Write(SourceItem item, Result result, SampleColumns columns, SafetensorsRowWriter writer)
    {
        if (result.Error is { } error)
        {
            if (error.SourceException is InputException damage && options.SkipCorrupt)
                return Skip(new(Source: item.Name, Label: item.Label, Skipped: damage.Message.ReplaceLineEndings(" ")));
            error.Throw();
        }
        var sample = result.Sample!;
        var line = new SourceLine(writer.Rows, item.Name, sample.Label ?? item.Label, sample.Length, sample.Text);
        writer.Append(sample.Values, Entries(columns, line));
        return line;
    }

    private static long[] Entries(SampleColumns columns, SourceLine line) =>
        [.. Entry(columns.Labels, line.Label), .. Entry(columns.Lengths, line.Length), line.Id!.Value];

    private static long[] Entry(bool wanted, long? value) => wanted ? [value!.Value] : [];

    private SourceLine Skip(SourceLine line)
    {
        skippedCount++;
        if (skipped.Count < SkippedShown)
            skipped.Add(new(line.Source, line.Skipped!));
        return line;
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
}
