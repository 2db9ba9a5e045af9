using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Tests.Settings;

public class SettingSchemaTests
{
    private static readonly Sample Valid = new() { Title = "t" };

    [Fact]
    public void Settings_OfAType_AreTheRequiredOnesThenThoseOfItsBaseThenItsOwn() => Assert.Equal(
        ["title", "count", "share", "word", "sizes", "moments", "ends", "shape", "mode", "threads", "extra-key"],
        SettingSchema.Of(typeof(Extended)).Settings.Select(setting => setting.Name));

    [Fact]
    public void Defaults_OfSettings_AreThoseOfANewObject()
    {
        var schema = SettingSchema.Of(typeof(Sample));
        Assert.Equal(3, schema["count"]!.Default);
        Assert.Null(schema["share"]!.Default);
        Assert.Equal(new Round { Radius = 2 }, schema["shape"]!.Default);
        Assert.Equal(8, SettingSchema.Of(typeof(Oblong))["width"]!.Default);
        Assert.Null(schema["hidden"]);
    }

    [Fact]
    public void Create_OfSomeValues_TakesTheOthersFromTheBasis()
    {
        var schema = SettingSchema.Of(typeof(Oblong));
        var values = new Dictionary<Setting, object?> { { schema["height"]!, 5 } };
        Assert.Equal(new Oblong(5, 8), schema.Create(values));
        Assert.Equal(new Oblong(5, 2), schema.Create(values, new Oblong(3, 2)));
    }

    [Theory]
    [InlineData("count", "a whole number from 1 to 9")]
    [InlineData("share", "a number above 0, or none")]
    [InlineData("word", "first, last")]
    [InlineData("sizes", "whole numbers from 1 on")]
    [InlineData("moments", "numbers from 0 to below 1, or none")]
    [InlineData("ends", "two numbers [from, to] above 0, at most 1")]
    [InlineData("shape", "round, square, oblong")]
    [InlineData("mode", "by-hand, by-machine")]
    [InlineData("threads", "a whole number from 1 on, or auto")]
    [InlineData("title", "a text")]
    public void Expected_OfASetting_SaysWhatItTakes(string name, string expected) =>
        Assert.Equal(expected, SettingSchema.Of(typeof(Sample))[name]!.Expected);

    public static TheoryData<string, object?, bool> Values => new()
    {
        { "count", 1, true }, { "count", 0, false }, { "count", 10, false }, { "count", 2.0, false }, { "count", null, false },
        { "share", null, true }, { "share", 0.1, true }, { "share", 0.0, false }, { "share", double.NaN, false }, { "share", 1e39, false },
        { "word", "last", true }, { "word", "middle", false },
        { "sizes", new[] { 1, 2 }, true }, { "sizes", Array.Empty<int>(), false }, { "sizes", new[] { 1, 0 }, false },
        { "moments", Array.Empty<double>(), true }, { "moments", new[] { 1.0 }, false },
        { "ends", new Interval(0.2, 1), true }, { "ends", new Interval(0, 1), false }, { "ends", new Interval(0.5, 0.2), false },
        { "shape", new Square(), true }, { "shape", "square", false },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Accepts_OfAValue_IsWhetherItIsInRange(string name, object? value, bool accepted) =>
        Assert.Equal(accepted, SettingSchema.Of(typeof(Sample))[name]!.Accepts(value));

    [Fact]
    public void Problem_OfAnObject_NamesTheFirstSettingOutOfRange()
    {
        Assert.Null(SettingSchema.Problem(Valid));
        Assert.Equal(new("count", "0", "a whole number from 1 to 9"), SettingSchema.Problem(Valid with { Count = 0 }));
        Assert.Equal(
            new("shape.radius", "-1", "a number above 0"), SettingSchema.Problem(Valid with { Shape = new Round { Radius = -1 } }));
        Assert.Equal(new("sizes", "none", "whole numbers from 1 on"), SettingSchema.Problem(Valid with { Sizes = [] }));
    }

    [Theory]
    [InlineData("LearningRate", "learning-rate")]
    [InlineData("K", "k")]
    [InlineData("Beta1", "beta1")]
    public void Dashed_OfAName_IsItsKey(string name, string key) => Assert.Equal(key, Setting.Dashed(name));

    [Fact]
    public void Kinds_OfABaseOfSome_AreThose()
    {
        Assert.Equal(["square", "oblong"], KindTable.Of(typeof(Cornered))!.Names);
        Assert.Null(KindTable.Of(typeof(Sample)));
        Assert.Null(Shape.Kinds.Find("triangle"));
        Assert.Throws<ArgumentException>(() => Shape.Kinds.NameOf(typeof(string)));
    }
}
