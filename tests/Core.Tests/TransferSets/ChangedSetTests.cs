using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>Files of samples that somebody writes while they are read.</summary>
public sealed class ChangedSetTests : IDisposable
{
    private static readonly byte[] idx = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8];

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void RequireUnchanged_FileIsTouched_Passes()
    {
        using var set = Open(out var path);
        _ = set.SamplesDigest;

        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        set.RequireUnchanged();
    }

    [Fact]
    public void RequireUnchanged_OneValueChanged_NamesTheSet()
    {
        using var set = Open(out var path);
        _ = set.SamplesDigest;

        Change(path);

        Assert.Contains(path, Assert.Throws<CheckFailedException>(set.RequireUnchanged).Message);
    }

    [Fact]
    public void SamplesDigest_FileIsWrittenAfterTheSetWasOpened_IsRefused()
    {
        using var set = Open(out var path);

        Change(path);

        Assert.Throws<CheckFailedException>(() => set.SamplesDigest);
    }

    public void Dispose() => folder.Dispose();

    private TransferSet Open(out string path) => TransferSet.Open(new() { Samples = path = folder.Write("samples-idx3-ubyte", idx) });

    private static void Change(string path)
    {
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = idx.Length - 1;
            file.WriteByte(9);
        }
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
    }
}
