using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>Clusters, specialists, what they say together, and a student of it: a recipe run from end to end.</summary>
[Collection(nameof(TinyProject))]
public sealed class SpecialistsTests(TinyProject project) : IDisposable
{
    private const string Recipe = TinyProject.Data + """
        name: special
        student: { architecture: mlp, widths: [8] }
        objective: [ soft: { temperature: 2 } ]
        training: { threads: 1, epochs: 12, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        stages:
          generalist: { train: { objective: [ hard: {} ], training: { epochs: 1, optimizer: { learning-rate: 0.01 } } } }
          logits:     { capture: { teachers: [ stage: generalist ], capture: { threads: 1, batch-size: 50 } } }
          groups:     { cluster: { cache: { stage: logits }, count: 2 } }
          experts:    { specialists: { model: { stage: generalist }, clusters: { stage: groups }, objective: [ hard: {}, soft: { temperature: 2, weight: 0.2 } ] } }
          together:   { combine: { cache: { stage: logits }, specialists: { stage: experts }, top: 2 } }
          student:    { train: { cache: { stage: together } } }
        """;

    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Run_OfSpecialists_CombinesThemAndDistilsTheResult()
    {
        var result = Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path, "--json");

        var clusters = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder("cluster-groups"), "clusters.json"))).RootElement.GetProperty("clusters")
            .EnumerateArray().Select(group => group.EnumerateArray().Select(c => c.GetInt32()).ToArray()).ToArray();
        Assert.Equal([0, 1, 2], clusters.SelectMany(group => group).Order());
        Assert.Equal(["generalist", "student", "together"], Figures.Roles(result).Where(role => role != "teacher").Order());
        int Errors(string role) => Figures.Of(result, role).GetProperty("errors").GetInt32();
        Assert.True(Errors("together") < Errors("generalist"), result.Output);
        Assert.True(Errors("student") < Errors("generalist"), result.Output);
        // Each class is one specialist's, so one line covers the test set, with the errors of the figures.
        var covered = Assert.Single(JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder("test-together"), "coverage.json"))).RootElement.EnumerateArray());
        int Covered(string name) => covered.GetProperty(name).GetInt32();
        Assert.Equal((1, Errors("generalist"), Errors("together")), (Covered("specialists"), Covered("samples") - Covered("generalist"), Covered("samples") - Covered("together")));
        // What they say together are probabilities, and the student's cache holds them for every sample.
        using var cache = LogitCache.Open(Folder("together"));
        Assert.Equal((240, Combination.Specialists, 3), (cache.Identity.Samples, cache.Identity.Combination, cache.Identity.Teachers.Count));
        var row = new float[3];
        cache.Read(cache.Streams[0], [17], view: 0, row);
        Assert.Equal(1, row.Sum(value => Math.Exp(value)), 1e-5);
        Assert.False(Directory.Exists(Path.Combine(Folder("train-experts-1"), "set")));
        Assert.Contains("together: reused", Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path).Error);
    }

    [Theory]
    [InlineData("count: 2", "count: 3", "as many groups as classes")]
    [InlineData("count: 2", "count: 2, size: 3", "A group has all classes")]
    [InlineData("cache: { stage: logits }, count: 2", "cache: { stage: generalist }, count: 2", "captures nothing")]
    [InlineData("clusters: { stage: groups }", "clusters: { stage: logits }", "makes no clusters")]
    [InlineData("specialists: { stage: experts }", "specialists: { stage: groups }", "makes no specialists")]
    [InlineData("top: 2", "top: 0", "from 1 on")]
    [InlineData("capture: { threads: 1, batch-size: 50 }", "capture: { threads: 1, batch-size: 50, views: 2, augmentation: { shift: 1 } }", "each sample as it is")]
    [InlineData("capture: { threads: 1, batch-size: 50 }", "capture: { threads: 1, batch-size: 50, augmentation: { shift: 1 } }", "1 views, augmentation shift")]
    public void Run_OfSpecialistsThatCannotBe_IsRefused(string written, string instead, string message) => Assert.Contains(
        message, Cli.Fails(2, "run", project.Recipe(Recipe.Replace(written, instead)), "--runs", runs.Path));

    [Fact]
    public void Create_OfASpecialistsSet_HasAsManyOthersAndCorrectsForThem()
    {
        using var all = TransferSet.Open(new() { Samples = project["train.npy"], Labels = project["train-labels.npy"] });

        using var set = SpecialistSet.Create(all, null, [2], seed: 1, number: 0, runs.Path);

        Assert.Equal((160, 80), (set.Set.Count, set.Set.Labels.Count(1)));
        // A third of all samples are of its class, and half of what it learns from.
        Assert.Equal(Math.Log(2), set.Correction, 1e-6);
        var (own, first) = (new float[16], new float[16]);
        set.Set.Read([set.Set.Labels.IndexOf(0)], own);
        all.Read([2], first); // the first of class 2
        Assert.Equal(first, own);
    }

    [Fact]
    public void Create_OfAClusterWithoutSamples_IsRefused()
    {
        using var all = TransferSet.Open(new() { Samples = project["train.npy"], Labels = project["train-labels.npy"] });

        Assert.Contains("A cluster has no sample.", Assert.Throws<InputException>(() => SpecialistSet.Create(all, null, [5], 1, 3, runs.Path)).Message);
        Assert.Contains("has all samples", Assert.Throws<InputException>(() => SpecialistSet.Create(all, null, [0, 1, 2], 1, 3, runs.Path)).Message);
    }

    public void Dispose() => runs.Dispose();

    private string Folder(string stage) => Directory.GetDirectories(runs["special"], $"{stage}-*").Single(folder => Path.GetFileName(folder).Count(c => c == '-') == stage.Count(c => c == '-') + 1);
}
