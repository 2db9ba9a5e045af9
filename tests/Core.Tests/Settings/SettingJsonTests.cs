using System.Text.Json.Nodes;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Tests.Settings;

public class SettingJsonTests
{
    [Fact]
    public void Write_OfSettings_IsAllThatCanChangeAResult()
    {
        var sample = new Sample { Title = "t", Moments = [0.5], Shape = new Oblong(2, 3), Threads = 4, Hidden = 1 };
        var expected = JsonNode.Parse(
            """
            {
              "title": "t", "count": 3, "share": null, "word": "first", "sizes": [4], "moments": [0.5], "ends": { "from": 0.5, "to": 1 },
              "shape": { "kind": "oblong", "height": 2, "width": 3 }, "mode": "by-machine"
            }
            """);
        Assert.Equal(expected!.ToJsonString(), SettingJson.Write(sample).ToJsonString());
    }

    [Fact]
    public void Write_OfOtherThreads_IsTheSame()
    {
        var sample = new Sample { Title = "t" };
        Assert.Equal($"{SettingJson.Write(sample)}", $"{SettingJson.Write(sample with { Threads = 9 })}");
        Assert.NotEqual($"{SettingJson.Write(sample)}", $"{SettingJson.Write(sample with { Count = 4 })}");
    }

    [Theory]
    [InlineData(2, """{"pace":2}""")]
    [InlineData(0.5, """{"pace":0.5}""")]
    public void Write_OfAConstantSchedule_IsItsNumber(double pace, string expected) =>
        Assert.Equal(expected, SettingJson.Write(new Paced { Pace = pace }).ToJsonString());

    [Fact]
    public void Write_OfASchedule_IsItsPoints() =>
        Assert.Equal("""{"pace":[[0,8],[10,1]]}""", SettingJson.Write(new Paced { Pace = new([(0, 8), (10, 1)]) }).ToJsonString());

    private sealed record Paced
    {
        [Setting("pace")]
        public EpochSchedule Pace { get; init; } = 1;
    }
}
