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

    [Fact]
    public void Copy_ModelIsReplaced_TakesAwayTheFiguresOfTheOneBefore()
    {
        Publish("first");
        PublishFigures("of the first");
        Publish("first");
        Assert.True(File.Exists(run["metrics.json"]));

        Publish("second");

        Assert.False(File.Exists(run["metrics.json"]));
    }

    [Fact]
    public void Copy_ModelIsGoneAndAnotherComes_TakesAwayTheFigures()
    {
        Publish("first");
        PublishFigures("of the first");
        File.Delete(run["student.onnx"]);
        Publish("first");
        Assert.True(File.Exists(run["metrics.json"]));
        File.Delete(run["student.onnx"]);

        Publish("second");

        Assert.False(File.Exists(run["metrics.json"]));
    }

    [Fact]
    public void Copy_FiguresChangedByHand_StayAndAreNoted()
    {
        var notes = new List<string>();
        Publish("first");
        PublishFigures("of the first");
        File.WriteAllText(run["metrics.json"], "mine");

        Publish("second", new(run.Path, notes.Add));

        Assert.Equal("mine", File.ReadAllText(run["metrics.json"]));
        Assert.Contains("it tells of another student.onnx", Assert.Single(notes));
    }

    [Fact]
    public void TakeAwayOthers_FilesOfAnotherRecipe_AreTakenAwayUnlessChanged()
    {
        var notes = new List<string>();
        foreach (var file in new[] { "student.onnx", "big.onnx", "mine.onnx", "sweep.json" })
            publisher.Write(file, file);
        File.WriteAllText(run["mine.onnx"], "changed");
        File.WriteAllText(run["other.onnx"], "never ours");
        Directory.CreateDirectory(run["events/tensorboard"]);
        foreach (var (name, target) in new[] { ("student.jsonl", "../train-00000001/events.jsonl"), ("big.jsonl", "../train-00000002/events.jsonl"), ("mine.jsonl", "/elsewhere"), ("tensorboard/big", "../../train-00000002/tensorboard") })
            File.CreateSymbolicLink(run[$"events/{name}"], target);
        var stage = new ScriptedStage("train", publications: [new("a", "student.onnx"), new("events.jsonl", "events/student.jsonl", IsLink: true)]);

        new Publisher(run.Path, notes.Add).TakeAwayOthers([stage], "sweep.json");

        Assert.Equal(["mine.onnx", "other.onnx", "student.onnx", "sweep.json"], Directory.GetFiles(run.Path).Select(Path.GetFileName).Where(name => name![0] != '.').Order(StringComparer.Ordinal));
        Assert.Equal(["mine.jsonl", "student.jsonl"], new DirectoryInfo(run["events"]).GetFileSystemInfos().Select(file => file.Name).Order(StringComparer.Ordinal));
        Assert.Contains(run["mine.onnx"], Assert.Single(notes));
    }

    [Fact]
    public void UnlinkMissing_StageMadeNothing_TakesItsLinkAway()
    {
        var stage = new ScriptedStage("train", publications: [new("events.jsonl", "events/student.jsonl", IsLink: true)]);
        publisher.Link(stage, run["train-1"]);

        publisher.UnlinkMissing(stage);

        Assert.False(Directory.Exists(run["events"]));
    }

    public void Dispose() => run.Dispose();

    private void PublishFigures(string content) => Copy(Figures(content), publisher);

    private static ScriptedStage Figures(string content) => new(
        "evaluate", content, folder => File.WriteAllText(Path.Combine(folder, "metrics.json"), content), publications: [new("metrics.json", "metrics.json")]);

    private void Copy(ScriptedStage stage, Publisher to) =>
        to.Copy(stage, new StageRunner(run.Path, new(TextWriter.Null, live: false)).Run(stage, new(), _ => { }, CancellationToken.None), Figures(""));

    private void Publish(string content, Publisher? to = null)
    {
        var stage = new ScriptedStage(
            "export", content, folder => File.WriteAllText(Path.Combine(folder, "model.onnx"), content),
            publications: [new("model.onnx", "student.onnx")]);
        publisher.RequireOurs([stage]);
        Copy(stage, to ?? publisher);
    }
}
