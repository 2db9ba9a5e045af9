using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

public sealed class PublisherTests : IDisposable
{
    private readonly TemporaryFolder run = new();
    private readonly Publisher publisher;

    public PublisherTests() => publisher = new(run.Path);

    [Fact]
    public void Link_Twice_PointsToTheLastTarget()
    {
        var stage = new ScriptedStage("train", publications: [new("events.jsonl", "events/student.jsonl", IsLink: true)]);
        publisher.Link(stage, run["train-1"]);
        publisher.Link(stage, run["train-2"]);

        Assert.Equal("../train-2/events.jsonl", new FileInfo(run["events/student.jsonl"]).LinkTarget);
    }

    [Theory]
    [InlineData("events", "events/student.jsonl")] // where the folder of the link would be
    [InlineData("student.jsonl", "student.jsonl")]
    public void Link_FileInTheWay_IsNotedAndLeft(string file, string target)
    {
        File.WriteAllText(run[file], "mine");
        var notes = new List<string>();

        new Publisher(run.Path, notes.Add).Link(new ScriptedStage("train", publications: [new("events.jsonl", target, IsLink: true)]), run["train-1"]);

        Assert.Contains("no links are put there", Assert.Single(notes));
        Assert.Equal("mine", File.ReadAllText(run[file]));
    }

    [Fact]
    public void Copy_OfOtherInputs_ReplacesWhatTheRunPutThere()
    {
        Publish("first");
        Publish("second");

        Assert.Equal("second", File.ReadAllText(run["student.onnx"]));
    }

    [Fact]
    public void RequireOurs_ChangedByHand_IsRefusedAndLeft()
    {
        Publish("first");
        File.WriteAllText(run["student.onnx"], "mine");

        var error = Assert.Throws<CheckFailedException>(() => Publish("second"));

        Assert.All([run["student.onnx"], "delete it, and run the recipe again"], part => Assert.Contains(part, error.Message));
        Assert.Equal("mine", File.ReadAllText(run["student.onnx"]));
    }

    [Fact]
    public void RequireOurs_StageFolderDeleted_StillKnowsTheFile()
    {
        Publish("first");
        Directory.Delete(Directory.GetDirectories(run.Path, "export-*").Single(), recursive: true);

        Publish("second");

        Assert.Equal("second", File.ReadAllText(run["student.onnx"]));
    }

    [Fact]
    public void RequireOurs_KilledBetweenRecordAndFile_KnowsTheFileBefore()
    {
        Publish("first");
        Publish("second");
        File.WriteAllText(run["student.onnx"], "first");

        Publisher.RequireOurs(run["student.onnx"]);
    }

    [Theory]
    [InlineData(10)] // the brace, a name
    [InlineData(100)] // a digest
    [InlineData(-10)] // the checksum
    public void RequireOurs_RecordDamaged_BlamesTheRecord(int at)
    {
        Publish("first");
        var bytes = File.ReadAllBytes(run[".published.json"]);
        bytes[at < 0 ? bytes.Length + at : at] ^= 1;
        File.WriteAllBytes(run[".published.json"], bytes);

        Assert.Contains(run[".published.json"], Assert.Throws<CheckFailedException>(() => Publish("first")).Message);
    }

    public void Dispose() => run.Dispose();

    private void Publish(string content)
    {
        var stage = new ScriptedStage(
            "export", content, folder => File.WriteAllText(Path.Combine(folder, "model.onnx"), content),
            publications: [new("model.onnx", "student.onnx")]);
        publisher.RequireOurs([stage]);
        var runner = new StageRunner(run.Path, new(TextWriter.Null, live: false));
        publisher.Copy(stage, runner.Run(stage, new(), _ => { }, CancellationToken.None));
    }
}
