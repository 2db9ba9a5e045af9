using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;

namespace OnnxKd.Core.Tests.Progress;

public sealed class ProfileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Start_WhileNobodyRecords_IsNothing()
    {
        Assert.False(Profile.IsOn);
        Assert.Null(Profile.Start("work"));
    }

    [Fact]
    public void RecordTo_SpansInTwoLanes_WritesEachWithItsTimeAndLane()
    {
        var path = folder["profile.json"];
        using (Profile.RecordTo(path))
        {
            Assert.True(Profile.IsOn);
            using (var part = Profile.Start("forward"))
                part!.Next("backward");
            var other = new Thread(() => Profile.Start("read", "loader")!.Dispose());
            other.Start();
            other.Join();
        }
        Assert.False(Profile.IsOn);

        var root = JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        var events = root.GetProperty("traceEvents").EnumerateArray().ToLookup(e => e.GetProperty("ph").GetString());
        var lanes = events["M"].ToDictionary(
            e => e.GetProperty("tid").GetInt32(), e => e.GetProperty("args").GetProperty("name").GetString()!);
        // Tests that run at the same time compute digests, which have spans of their own.
        var spans = events["X"].Where(e => e.GetProperty("name").GetString() != "digest").ToDictionary(e => e.GetProperty("name").GetString()!);
        Assert.Equal(["main", "loader"], lanes.OrderBy(lane => lane.Key).Select(lane => lane.Value));
        Assert.Equal(["backward", "forward", "read"], spans.Keys.Order());
        Assert.Equal("loader", lanes[spans["read"].GetProperty("tid").GetInt32()]);
        Assert.Equal("main", lanes[spans["forward"].GetProperty("tid").GetInt32()]);
        Assert.True(End("forward") <= Begin("backward") && End("backward") <= Begin("read"));
        Assert.Equal(0, root.GetProperty("otherData").GetProperty("droppedSpans").GetInt64());

        double Begin(string name) => spans[name].GetProperty("ts").GetDouble();
        double End(string name) => Begin(name) + spans[name].GetProperty("dur").GetDouble();
    }

    [Fact]
    public void RecordTo_FolderThatIsNotThere_IsRefusedAtOnce()
    {
        var path = Path.Combine(folder["nowhere"], "profile.json");
        Assert.Contains(path, Assert.Throws<InputException>(() => Profile.RecordTo(path)).Message);
        Assert.False(Profile.IsOn);
    }
}
