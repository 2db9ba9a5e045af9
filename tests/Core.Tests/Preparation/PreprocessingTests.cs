using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;

namespace OnnxKd.Core.Tests.Preparation;

public class PreprocessingTests
{
    private static readonly Preprocessing PerChannel = new() { Scale = 0.5, Mean = [1, -2, 0], Std = [2, 4, 0.5], ChannelAxis = 1 };

    // The channel in the middle is left as it is.
    private static readonly Preprocessing Logarithmic = PerChannel with { Log = new() { Centre = [1, 2, -3], Unit = [0.25, 0, 2] } };

    public static TheoryData<Preprocessing, Preprocessing> Pairs => new()
    {
        { PerChannel, new() { Scale = 1 / 255.0 } },
        { new() { Mean = [128], Std = [64] }, PerChannel },
        { PerChannel, PerChannel with { Scale = 3, Mean = [0.25] } },
        { Preprocessing.None, PerChannel },
        { PerChannel, Preprocessing.None },
        { PerChannel, PerChannel },
        { Logarithmic, new() { Scale = 1 / 255.0, Mean = [0.5], Std = [2] } },
        { Logarithmic, PerChannel },
        { Logarithmic, Logarithmic },
        { new() { Log = new() { Centre = [3], Unit = [0.5] } }, PerChannel },
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

    [Fact]
    public void Following_AfterALogarithm_IsRefused() =>
        Assert.Contains("export.interface: own", Assert.Throws<InputException>(() => PerChannel.Following(Logarithmic)).Message);

    [Theory]
    [InlineData("preprocessing.log.unit", new double[] { 1 }, new[] { 1, 2.0 })]
    [InlineData("preprocessing.log.unit", new double[] { 1 }, new[] { -1.0 })]
    [InlineData("preprocessing.log.centre", new[] { double.NaN }, new[] { 1.0 })]
    [InlineData("preprocessing.log.centre", new double[] { 1, 2 }, new[] { 1.0 })]
    public void Validate_OfAWrongLogarithm_NamesTheSetting(string where, double[] centre, double[] unit) =>
        Assert.Contains(where, Assert.Throws<InputException>(() => new Preprocessing { Log = new() { Centre = centre, Unit = unit } }.Validate([3])).Message);

    /// <summary>Worked out by hand: 0 is (0 − 1) ÷ 1 = −1 of the first channel, so −ln 2; 3 of the second, (3 − 1) ÷ 2.</summary>
    [Fact]
    public void Steps_OfALogarithmInOneChannel_LeaveTheOther()
    {
        var steps = new Preprocessing { Log = new() { Centre = [1], Unit = [1, 0] }, Mean = [0, 1], Std = [2] }.Steps().Spread(2, 1);
        float[] sample = [0, 3];

        steps.Apply(sample);

        Assert.Equal(-Math.Log(2) / 2, sample[0], 1e-7);
        Assert.Equal(1, sample[1], 1e-7);
        Assert.Equal((false, true), (steps.Keep(0, 1), new Preprocessing { Log = new() { Unit = [0] } }.IsNone));
    }

    private static double Apply(Preprocessing preprocessing, double value, int channel)
    {
        var scaled = value * preprocessing.Scale;
        if (preprocessing.Log is { } log && Of(log.Unit) is var unit && unit > 0)
            scaled = (scaled - Of(log.Centre)) / unit is var z ? Math.Sign(z) * Math.Log(1 + Math.Abs(z)) : 0;
        return (scaled - Of(preprocessing.Mean)) / Of(preprocessing.Std);

        double Of(IReadOnlyList<double> numbers) => numbers[numbers.Count > 1 ? channel : 0];
    }
}
