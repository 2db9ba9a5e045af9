using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class ModalitiesTests : IDisposable
{
    private static readonly string[] Ids = ["a", "b", "c", "d", "e"];

    private readonly string folder = Directory.CreateTempSubdirectory("onnxkd-modalities-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Modality_JoinedByIds_GivesEachSampleItsPartner()
    {
        using var set = Open(Ids, ["e", "x", "c", "a", "d", "b"], [-40, 99, -20, 0, -30, -10], first: 1, count: 3);
        var partners = set.Modality("other");

        Assert.Equal([-10, -10.5f, -20, -20.5f, -30, -30.5f], Read(partners, 0, 1, 2));
        Assert.Equal([-30, -30.5f, -10, -10.5f], Read(partners, 2, 0));
        Assert.Equal((1, 3, 2), (partners.IdOf(0), partners.Count, partners.SampleElements));
        Assert.Equal(set.Labels.ToArray(), partners.Labels.ToArray());
        Assert.NotEqual(set.SamplesDigest, partners.SamplesDigest);
        Assert.Throws<ArgumentOutOfRangeException>(() => Read(partners, 3));
    }

    [Fact]
    public void Modality_OfTheSamePartnersInAnotherOrder_HasTheSameDigest()
    {
        string digest;
        using (var joined = Open(Ids, ["e", "c", "a", "d", "b"], [-40, -20, 0, -30, -10]))
            digest = joined.Modality("other").SamplesDigest;
        using var plain = Open(null, null, [0, -10, -20, -30, -40]);
        Assert.Equal(digest, plain.Modality("other").SamplesDigest);
    }

    [Fact]
    public void Modality_JoinedBySourcesOfPreparedSets_LeavesEndingsAndSkippedSourcesOut()
    {
        using var set = Open(
            ["{\"id\": 0, \"source\": \"cats/7.wav\"}", "{\"source\": \"cats/8.wav\", \"skipped\": \"damaged\"}", "{\"id\": 1, \"source\": \"dogs/7.wav\"}"],
            ["{\"id\": 0, \"source\": \"dogs/7.png\"}", "{\"id\": 1, \"source\": \"cats/7.png\"}"], [5, 6], rows: 2);
        Assert.Equal([6, 5.5f, 5, 4.5f], Read(set.Modality("other"), 0, 1));
    }

    [Fact]
    public void Open_SampleWithoutPartner_NamesIt()
    {
        var message = Refused(["a", "b", "c", "d", "e"], ["a", "b", "d"], [1, 2, 3]);
        Assert.Contains("Samples have no partner", message);
        Assert.Contains("'c', 'e'", message);
        // Rows that are not used need none.
        Open(["a", "b", "c", "d", "e"], ["a", "b", "d"], [1, 2, 3], first: 0, count: 2).Dispose();
    }

    [Fact]
    public void Open_OtherNumberOfRowsWithoutIds_NamesTheRows()
    {
        var message = Refused(null, null, [1, 2, 3]);
        Assert.Contains("5 samples, and 3 of 'other': row 3, row 4", message);
        Assert.Contains("name the samples of both (ids)", message);
    }

    [Fact]
    public void Open_IdThatPartnersHaveTwice_NamesBothRows() =>
        Assert.Contains("'b' of rows 1 and 4", Refused(Ids, ["a", "b", "c", "d", "b"], [1, 2, 3, 4, 5]));

    [Fact]
    public void Open_IdsOfOneModalityAlone_IsRefused() => Assert.Contains("only one has them", Refused(Ids, null, [1, 2, 3, 4, 5]));

    [Fact]
    public void Open_OtherNumberOfIds_IsRefused() => Assert.Contains("4 ids", Refused(["a", "b", "c", "d"], ["a", "b", "c", "d", "e"], [1, 2, 3, 4, 5]));

    [Fact]
    public void Modality_ThatIsNotThere_IsRefused()
    {
        using var set = Open(null, null, [1, 2, 3, 4, 5]);
        Assert.Contains("did you mean 'other'?", Assert.Throws<InputException>(() => set.Modality("othr")).Message);
        Assert.Same(set, set.Modality(null));
    }

    [Fact]
    public void RequireUnchanged_PartnersWrittenMeanwhile_IsFound()
    {
        using var set = Open(null, null, [1, 2, 3, 4, 5]);
        _ = set.Modality("other").SamplesDigest;
        set.RequireUnchanged();
        using (var file = new FileStream(Path.Combine(folder, "other.npy"), FileMode.Open))
        {
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte(0x7f);
        }
        Assert.Contains("other.npy", Assert.Throws<CheckFailedException>(set.RequireUnchanged).Message);
    }

    private string Refused(string[]? ids, string[]? otherIds, float[] values) =>
        Assert.Throws<InputException>(() => Open(ids, otherIds, values).Dispose()).Message;

    private static float[] Read(TransferSet set, params long[] rows)
    {
        var values = new float[rows.Length * set.SampleElements];
        set.Read(rows, values);
        return values;
    }

    /// <summary>A partner of value v is (v, v − 0.5).</summary>
    private TransferSet Open(string[]? ids, string[]? otherIds, float[] values, long first = 0, long? count = null, int rows = 5)
    {
        var samples = Write("samples.npy", [.. Enumerable.Range(0, rows).Select(row => 10f * row)], 1);
        return TransferSet.Open(new()
        {
            Samples = samples, First = first, Count = count, Ids = Lines("ids.txt", ids),
            Modalities = new(new Dictionary<string, TransferSetOptions>
            {
                ["other"] = new() { Samples = Write("other.npy", [.. values.SelectMany(value => new[] { value, value - 0.5f })], 2), Ids = Lines("other-ids.txt", otherIds) },
            }),
        });
    }

    private string? Lines(string name, string[]? lines)
    {
        if (lines is null)
            return null;
        File.WriteAllLines(Path.Combine(folder, name), lines);
        return Path.Combine(folder, name);
    }

    private string Write(string name, float[] values, int width)
    {
        var path = Path.Combine(folder, name);
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({values.Length / width}, {width}), }}".PadRight(117) + "\n";
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)]);
        return path;
    }
}
