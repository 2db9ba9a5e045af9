using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;

namespace OnnxKd.Core.Tests.Preparation;

public class PreprocessingTests
{
    private static readonly Preprocessing PerChannel = new() { Scale = 0.5, Mean = [1, -2, 0], Std = [2, 4, 0.5], ChannelAxis = 1 };

    public static TheoryData<Preprocessing, Preprocessing> Pairs => new()
    {
        { PerChannel, new() { Scale = 1 / 255.0 } },
        { new() { Mean = [128], Std = [64] }, PerChannel },
        { PerChannel, PerChannel with { Scale = 3, Mean = [0.25] } },
        { Preprocessing.None, PerChannel },
        { PerChannel, Preprocessing.None },
        { PerChannel, PerChannel },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Following_AfterTheOther_GivesTheWhole(Preprocessing whole, Preprocessing done)
    {
        var rest = whole.Following(done);

        foreach (var channel in new[] { 0, 1, 2 })
            foreach (var value in new[] { -3.0, 0, 7.5 })
                Assert.Equal(Apply(whole, value, channel), Apply(rest, Apply(done, value, channel), channel), 1e-12);
    }

    [Fact]
    public void Following_AlongAnotherAxis_IsRefused() =>
        Assert.Throws<InputException>(() => PerChannel.Following(PerChannel with { Scale = 2, ChannelAxis = 0 }));

    private static double Apply(Preprocessing preprocessing, double value, int channel) =>
        (value * preprocessing.Scale - preprocessing.Mean[preprocessing.Mean.Count > 1 ? channel : 0]) / preprocessing.Std[preprocessing.Std.Count > 1 ? channel : 0];
}
