using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.DataSets;

namespace OnnxKd.Pipeline.Tests.DataSets;

public sealed class DataSetStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Require_OfAbsentSet_FetchesWhatTheTableNamesAndNoMore()
    {
        var npm = new FakeNpm(folder);

        var target = npm.Store.Require(FakeNpm.Tiny, CancellationToken.None);

        Assert.Equal(Path.Combine(npm.Data, "tiny"), target);
        Assert.Equal(FakeNpm.Letters, File.ReadAllText(Path.Combine(target, "letters.txt")));
        Assert.Equal(FakeNpm.Digits, File.ReadAllText(Path.Combine(target, "more/a/digits.txt")));
        Assert.False(File.Exists(Path.Combine(target, "package.json")));
        var call = Assert.Single(npm.Calls);
        Assert.Contains("tiny@1.0.0", call);
        Assert.Contains("--ignore-scripts", call);
        Assert.Contains(npm.Notes, note => note.Contains("npm tiny@1.0.0, 1.23 kB", StringComparison.Ordinal));
    }

    [Fact]
    public void Require_OfSetThatIsThere_AsksNobody()
    {
        var npm = new FakeNpm(folder);
        npm.Store.Require(FakeNpm.Tiny, CancellationToken.None);
        npm.Another().Require(FakeNpm.Tiny, CancellationToken.None);
        Assert.Single(npm.Calls);
    }

    [Fact]
    public void Require_AfterAFileWasRemoved_FetchesAgain()
    {
        var npm = new FakeNpm(folder);
        var target = npm.Store.Require(FakeNpm.Tiny, CancellationToken.None);
        File.Delete(Path.Combine(target, "letters.txt"));
        npm.Store.Require(FakeNpm.Tiny, CancellationToken.None);
        Assert.Equal(FakeNpm.Letters, File.ReadAllText(Path.Combine(target, "letters.txt")));
        Assert.Equal(2, npm.Calls.Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Require_OfOtherContent_SaysSoAndLeavesNothing(bool ofFile)
    {
        var npm = new FakeNpm(folder);
        var set = ofFile ? FakeNpm.Set(new('0', 64)) : FakeNpm.Set(Hashing.Sha256(FakeNpm.Letters), new('0', 64));
        var error = Assert.Throws<InputException>(() => npm.Store.Require(set, CancellationToken.None));
        Assert.Contains("npm tiny@1.0.0", error.Message);
        Assert.Contains(new('0', 64), error.Message);
        Assert.False(Directory.Exists(Path.Combine(npm.Data, "tiny")));
    }

    [Fact]
    public void Require_OfOtherContent_KeepsTheSetThatWasThere()
    {
        var npm = new FakeNpm(folder);
        var target = npm.Store.Require(FakeNpm.Tiny, CancellationToken.None);
        Assert.Throws<InputException>(() => npm.Store.Require(FakeNpm.Set(new('0', 64)), CancellationToken.None));
        Assert.Equal(FakeNpm.Letters, File.ReadAllText(Path.Combine(target, "letters.txt")));
    }

    [Fact]
    public void Require_WithoutNpm_SaysWhatToInstall()
    {
        var store = new DataSetStore(folder["data"], new(folder["no-such-npm"]), _ => { });
        var error = Assert.Throws<InputException>(() => store.Require(FakeNpm.Tiny, CancellationToken.None));
        Assert.Contains("npm was not found", error.Message);
        Assert.Contains("Node.js", error.Message);
    }

    [Fact]
    public void Require_WithoutDebian_SaysWhereToFetchInstead()
    {
        var set = FakeNpm.Tiny with { Packages = [FakeNpm.Tiny.Packages[0] with { Kind = PackageKind.Debian }] };
        var store = new DataSetStore(folder["data"], new("npm", folder["no-such-apt-get"]), _ => { });
        var error = Assert.Throws<InputException>(() => store.Require(set, CancellationToken.None));
        Assert.Contains("container of Debian 12", error.Message);
    }

    [Fact]
    public void Require_Offline_SaysWhatNpmSaid()
    {
        var npm = new FakeNpm(folder, "echo 'npm error code ENOTFOUND' >&2; exit 1");
        var error = Assert.Throws<InputException>(() => npm.Store.Require(FakeNpm.Tiny, CancellationToken.None));
        Assert.Contains("ENOTFOUND", error.Message);
        Assert.Contains("check the network", error.Message);
        Assert.False(Directory.Exists(Path.Combine(npm.Data, "tiny")));
    }

    [Fact]
    public void Require_OfHalfAPackage_SaysThatItIsDamaged()
    {
        var npm = new FakeNpm(folder, "head -c 150 \"$package\" >tiny.tgz");
        var error = Assert.Throws<InputException>(() => npm.Store.Require(FakeNpm.Tiny, CancellationToken.None));
        Assert.Contains("npm tiny@1.0.0", error.Message);
        Assert.False(Directory.Exists(Path.Combine(npm.Data, "tiny")));
    }

    /// <summary>What a process that was killed leaves: its folder of work, without its lock.</summary>
    [Fact]
    public void Require_AfterAKill_StartsAfresh()
    {
        var npm = new FakeNpm(folder);
        var work = Path.Combine(npm.Data, ".fetching", "tiny");
        foreach (var part in (string[])["set", "package"])
        {
            Directory.CreateDirectory(Path.Combine(work, part));
            File.WriteAllText(Path.Combine(work, part, "letters.txt"), "ab");
            File.WriteAllText(Path.Combine(work, part, "other.tgz"), "half");
        }

        Assert.False(npm.Store.Has(FakeNpm.Tiny));
        var target = npm.Store.Require(FakeNpm.Tiny, CancellationToken.None);

        Assert.Equal(FakeNpm.Letters, File.ReadAllText(Path.Combine(target, "letters.txt")));
        Assert.False(File.Exists(Path.Combine(target, "other.tgz")));
        Assert.False(Directory.Exists(Path.Combine(work, "set")));
    }

    /// <summary>The first one holds npm until the second one waits.</summary>
    [Fact]
    public async Task Require_OfTwoAtOnce_FetchesOnce()
    {
        var npm = new FakeNpm(folder, "while [ ! -e \"$here/go\" ]; do sleep 0.02; done; cp \"$package\" .");
        var first = Task.Run(() => npm.Store.Require(FakeNpm.Tiny, CancellationToken.None));
        while (npm.Calls.Length == 0)
            await Task.Delay(10);
        var waits = new TaskCompletionSource();
        var other = new DataSetStore(npm.Data, new(folder["no-such-npm"]), _ => waits.TrySetResult());
        var second = Task.Run(() => other.Require(FakeNpm.Tiny, CancellationToken.None));
        await waits.Task;
        File.WriteAllText(folder["a folder/go"], "");

        Assert.Equal(await first, await second);
        Assert.Single(npm.Calls);
    }

    [Fact]
    public async Task Require_Cancelled_EndsNpm()
    {
        var npm = new FakeNpm(folder, "exec sleep 600");
        using var stop = new CancellationTokenSource();
        var fetch = Task.Run(() => npm.Store.Require(FakeNpm.Tiny, stop.Token));
        while (npm.Calls.Length == 0)
            await Task.Delay(10);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch);
        Assert.False(Directory.Exists(Path.Combine(npm.Data, "tiny")));
    }

    /// <summary>Earlier versions of set-up linked to a package: the link goes, the package stays.</summary>
    [Fact]
    public void Require_OverALink_LeavesWhatItPointsTo()
    {
        var npm = new FakeNpm(folder);
        folder.Write("package/letters.txt", "old");
        Directory.CreateDirectory(npm.Data);
        Directory.CreateSymbolicLink(Path.Combine(npm.Data, "tiny"), folder["package"]);
        npm.Store.Require(FakeNpm.Tiny, CancellationToken.None);
        Assert.Equal("old", File.ReadAllText(folder["package/letters.txt"]));
        Assert.Equal(FakeNpm.Letters, File.ReadAllText(Path.Combine(npm.Data, "tiny", "letters.txt")));
    }

    public void Dispose() => folder.Dispose();
}
