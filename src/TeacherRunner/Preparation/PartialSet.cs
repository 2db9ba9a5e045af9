using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>
/// A set that is being prepared: its samples and its table of sources, beside their places, and a record of how far both go, which is
/// written when both are on the disk. So a preparation that was stopped or killed goes on behind the last record, with the same bytes in
/// the end; what lies behind it is cut off.
/// </summary>
internal sealed class PartialSet : IDisposable
{
    private const string Suffix = ".partial";
    private const string RecordFile = "prepare.json" + Suffix;

    private readonly string folder;
    private readonly string identity;
    private readonly TimeSpan saveEvery;
    private readonly FileStream table;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash samplesHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash tableHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long saved = Stopwatch.GetTimestamp();
    private long sources;
    private (long Samples, long Table) hashed; // how far both files are

    /// <summary>Opens what there is in a folder.</summary>
    /// <param name="folder">The set's folder.</param>
    /// <param name="identity">All that decides the samples, apart from the sources.</param>
    /// <param name="saveEvery">How much work a kill may cost.</param>
    public PartialSet(string folder, string identity, TimeSpan saveEvery)
    {
        (this.folder, this.identity, this.saveEvery) = (folder, identity, saveEvery);
        Samples = Open(PreparedSet.SamplesFile);
        table = Open(PreparedSet.SourcesFile);
    }

    /// <summary>The file of samples.</summary>
    public FileStream Samples { get; }

    /// <summary>The lines of the sources that are done; nothing else is left in the table.</summary>
    /// <param name="list">The sources; those that are done must be the same as then.</param>
    /// <param name="maySkip">Whether damaged ones may be left out; if not, and one was, none is done.</param>
    /// <param name="samplesBytes">How long the file of samples must be for a number of rows.</param>
    public IReadOnlyList<SourceLine> Resume(SourceList list, bool maySkip, Func<long, long> samplesBytes)
    {
        hashed = (samplesBytes(0), 0); // what lies before is written last
        var lines = Find(list, samplesBytes);
        if (!maySkip && lines.Exists(line => line.Id is null))
            lines.Clear();
        if (lines.Count == 0)
        {
            table.SetLength(0);
            hashed = (samplesBytes(0), 0);
            samplesHash.GetHashAndReset();
            tableHash.GetHashAndReset();
        }
        foreach (var item in list.Items.Take(lines.Count))
            Count(item);
        table.Position = table.Length;
        return lines;
    }

    /// <summary>Takes in the line of the next source, whose sample is written.</summary>
    public void Add(SourceItem item, SourceLine line)
    {
        table.Write(line.ToBytes());
        Count(item);
    }

    /// <summary>Records how far both files go, if that was not done lately.</summary>
    public void SaveNowAndThen()
    {
        if (Stopwatch.GetElapsedTime(saved) > saveEvery)
            Save();
    }

    /// <summary>Records how far both files go.</summary>
    public void Save()
    {
        Samples.Flush(flushToDisk: true);
        table.Flush(flushToDisk: true);
        HashTo(Samples.Position, table.Position);
        AtomicFile.WriteAllText(
            In(RecordFile), CanonicalJson.Serialize(new Record(identity, Digest(), sources, table.Position, Digest(samplesHash), Digest(tableHash))));
        saved = Stopwatch.GetTimestamp();
    }

    /// <summary>Puts both files in their places.</summary>
    public void Finish()
    {
        Samples.Flush(flushToDisk: true);
        table.Flush(flushToDisk: true);
        Dispose();
        File.Move(In(PreparedSet.SamplesFile + Suffix), In(PreparedSet.SamplesFile), overwrite: true);
        File.Move(In(PreparedSet.SourcesFile + Suffix), In(PreparedSet.SourcesFile), overwrite: true);
        File.Delete(In(RecordFile));
        FolderFlush.ToDisk(folder);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Samples.Dispose();
        table.Dispose();
        hash.Dispose();
        samplesHash.Dispose();
        tableHash.Dispose();
    }

    private List<SourceLine> Find(SourceList list, Func<long, long> samplesBytes)
    {
        if (ReadRecord() is not { } record || record.Identity != identity || record.TableBytes > table.Length)
            return [];
        table.SetLength(record.TableBytes);
        foreach (var item in list.Items.Take((int)record.Sources))
            Count(item);
        var isSame = sources == record.Sources && Digest() == record.SourcesDigest;
        hash.GetHashAndReset();
        sources = 0;
        table.Position = 0;
        if (!isSame)
            return [];
        // What was damaged since the record was written is prepared anew.
        HashTo(samplesBytes(0), record.TableBytes);
        if (Digest(tableHash) != record.TableDigest)
            return [];
        using var reader = new StreamReader(table, Encoding.UTF8, leaveOpen: true);
        var lines = new List<SourceLine>();
        while (reader.ReadLine() is { } line)
            lines.Add(SourceLine.Parse(line));
        var samplesEnd = samplesBytes(lines.Count(done => done.Id is not null));
        if (lines.Count != record.Sources || samplesEnd > Samples.Length)
            return [];
        HashTo(samplesEnd, record.TableBytes);
        return Digest(samplesHash) == record.SamplesDigest ? lines : [];
    }

    private void HashTo(long samplesEnd, long tableEnd)
    {
        samplesHash.AppendFile(Samples.SafeFileHandle, hashed.Samples, samplesEnd);
        tableHash.AppendFile(table.SafeFileHandle, hashed.Table, tableEnd);
        hashed = (samplesEnd, tableEnd);
    }

    private Record? ReadRecord()
    {
        try
        {
            return CanonicalJson.Deserialize<Record>(File.ReadAllBytes(In(RecordFile)), RecordFile);
        }
        catch (Exception error) when (error is FileNotFoundException or CheckFailedException)
        {
            return null;
        }
    }

    private void Count(SourceItem item)
    {
        hash.AppendData(Encoding.UTF8.GetBytes($"{item.Name}\0{item.Label}\0{item.Stamp}\n"));
        sources++;
    }

    private string Digest() => Digest(hash);

    private static string Digest(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetCurrentHash());

    private FileStream Open(string file) => new(In(file + Suffix), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1 << 16);

    private string In(string file) => Path.Combine(folder, file);

    private sealed record Record(string Identity, string SourcesDigest, long Sources, long TableBytes, string SamplesDigest, string TableDigest);
}
