using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

public sealed class StageGraphTests
{
    [Fact]
    public void Stages_GivenInAnyOrder_ComeAfterWhatTheyNeed()
    {
        var graph = Graph("d<-b,c", "b<-a", "c<-a", "a", "e");

        Assert.Equal(["a", "b", "c", "d", "e"], graph.Stages.Select(stage => stage.Name));
    }

    [Fact]
    public void UpTo_OneStage_IsThatAndWhatItNeeds()
    {
        var graph = Graph("a", "b<-a", "c<-a", "d<-b");

        Assert.Equal(["a", "b", "d"], graph.UpTo([graph.Stages[3]]).Select(stage => stage.Name));
    }

    [Theory]
    [InlineData("a → c → b → a", "a<-c", "b<-a", "c<-b")]
    [InlineData("b → b", "a", "b<-b")]
    [InlineData("did you mean 'train'?", "train", "export<-trian")]
    [InlineData("Two stages have one name", "a", "a")]
    public void Create_WhatHasNoOrder_IsRefused(string message, params string[] stages) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => Graph(stages)).Message);

    private static StageGraph Graph(params string[] stages) => new(stages.Select(text => text.Split("<-")).Select(parts =>
        new ScriptedStage(parts[0], needs: parts.Length > 1 ? parts[1].Split(',') : [])));
}
