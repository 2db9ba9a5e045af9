using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Sweeps;

namespace OnnxKd.Pipeline.Tests.Sweeps;

public sealed class SweepGridTests
{
    [Fact]
    public void Parse_TwoKeys_GivesEveryCombinationFirstKeySlowest()
    {
        var settings = SweepGrid.Parse(["temperature=2,4", "alpha=0.5,1"], "--vary");

        Assert.Equal(
            ["temperature=2, alpha=0.5", "temperature=2, alpha=1", "temperature=4, alpha=0.5", "temperature=4, alpha=1"],
            settings.Select(setting => setting.ToString()));
    }

    [Fact]
    public void Parse_ValuesWithCommasInBrackets_StayWhole()
    {
        var settings = SweepGrid.Parse(["student.widths=[4, 5],[6]", "capture.storage=float16,{ top-k: 2, temperatures: [1, 4] }"], "--vary");

        Assert.Equal(4, settings.Count);
        Assert.Equal("[4, 5]", settings[0].Find("student.widths"));
        Assert.Equal("{top-k: 2, temperatures: [1, 4]}", settings[1].Find("capture.storage"));
    }

    [Fact]
    public void FolderName_AwkwardValues_IsOneNameWithoutSlashes()
    {
        var setting = SweepGrid.Parse(["data.preprocessing.scale=1/255"], "--vary").Single();

        Assert.Equal("data.preprocessing.scale=1_255", setting.FolderName);
    }

    /// <summary>A file's name may have 255 bytes.</summary>
    [Fact]
    public void FolderNames_OfManyKeys_AreShortAndDistinct()
    {
        string[] axes = [.. Enumerable.Range(0, 9).Select(i => $"stages.teacher.train.training.optimizer.setting-{i}=0.{i}1,0.{i}2")];

        var names = SweepGrid.Parse(axes, "--vary").Select(setting => setting.FolderName).ToArray();

        Assert.Equal(512, names.Distinct().Count());
        Assert.InRange(names.Max(name => name.Length), 1, 200);
    }

    [Theory]
    [InlineData("Nothing varies")]
    [InlineData("It is not clear what varies", "temperature")]
    [InlineData("It is not clear what varies", "=1,2")]
    [InlineData("It is not clear what varies", "temperature=")]
    [InlineData("not valid YAML", "temperature=[1")]
    [InlineData("same key is given twice", "seed=1", "seed=2")]
    [InlineData("same setting is given twice", "seed=1,1")]
    [InlineData("same setting is given twice", "a=1/2,1_2")]
    public void Parse_WhatIsNoGrid_IsRefused(string message, params string[] axes)
    {
        var refusal = Assert.Throws<InputException>(() => SweepGrid.Parse(axes, "--vary"));

        Assert.Contains(message, refusal.Message);
        Assert.Contains("--vary", refusal.Message);
    }
}
