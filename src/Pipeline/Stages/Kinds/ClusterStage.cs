using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Specialists;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Finds groups of classes that a generalist confuses.</summary>
internal sealed class ClusterStage : Stage
{
    private const string FileName = "clusters.json";

    private readonly ClusterStep step;
    private readonly CaptureStage cache;

    private ClusterStage(ClusterStep step, CaptureStage cache)
        : base(NameOf(step), cache.Name) => (this.step, this.cache) = (step, cache);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new(ClusterStep.KindName, ClusterStep.Read, (graph, entry) => Expand(graph, (ClusterStep)entry));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Clusters;

    /// <inheritdoc/>
    public override StageCost Cost => cache.Cost;

    /// <summary>The name of an entry's stage.</summary>
    public static string NameOf(ClusterStep step) => $"cluster-{step.Name}";

    /// <summary>The groups that a finished stage found.</summary>
    public static IReadOnlyList<int[]> Read(StageResult result) => result.Read<ClusterFile>(FileName).Clusters;

    /// <summary>The digest of what a finished stage found.</summary>
    public static string DigestOf(StageResult result) => result.Record.Outputs[FileName].Sha256;

    /// <inheritdoc/>
    public override void Check()
    {
        if (cache.DeclaredClasses is { } classes)
            RequireFewerThan(classes);
    }

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => new StageInputs()
        .Add("cache", LogitCache.DigestOf(results[cache.Name].Folder)).Add("clusters", SettingsSection.Write(step.Options)).Add("seed", $"{step.Seed}");

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.OfThisProgram();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        using var logits = LogitCache.Open(work.Results[cache.Name].Folder);
        var stream = logits.Streams[0];
        if (stream.Kind.Output() != OutputKind.Classes || stream.Positions > 1)
            throw new InputException(
                "Classes are grouped by class scores of whole samples.", cache.Name, $"{stream.Kind} {Shapes.Format(stream.Shape)}", "[classes] per sample");
        RequireFewerThan(stream.StudentClasses);
        var covariance = new PredictionCovariance(stream.StudentClasses, step.Options.Temperature);
        foreach (var rows in Enumerable.Range(0, (int)logits.Identity.Samples).Chunk(BatchSize.For(1, stream.Values)))
        {
            work.Token.ThrowIfCancellationRequested();
            covariance.Add(ModelScores.Read(logits, stream, [.. rows]));
            work.Progress.Report(new("cluster", rows[^1] + 1, logits.Identity.Samples, "samples"));
        }
        var groups = OnlineKMeans.Group(covariance.Directions(), step.Options.Count, step.Seed, step.Options.Size);
        if (groups.Any(group => group.Length == 0))
            throw step.Place.Error(
                "A group has no class.", $"{groups.Count(group => group.Length > 0)} of {groups.Count} groups have classes", "a class in each",
                "ask for fewer groups, or choose another seed");
        AtomicFile.WriteAllText(Path.Combine(work.Folder, FileName), CanonicalJson.Serialize(new ClusterFile(groups)));
        work.Reporter.Note($"clusters: {string.Join("; ", groups.Select(group => string.Join(" ", group)))}");
    }

    private void RequireFewerThan(int classes)
    {
        if (step.Options.Count >= classes)
            throw step.Place.Error("There are as many groups as classes.", $"count: {step.Options.Count}", $"fewer than the {classes} classes");
        if (step.Options.Size >= classes)
            throw step.Place.Error("A group has all classes.", $"size: {step.Options.Size}", $"fewer than the {classes} classes");
    }

    private static void Expand(RecipeGraph graph, ClusterStep step) => graph.Add(
        new ClusterStage(step, CaptureStage.Add(graph, CaptureStage.Transfer, graph.Sets.Transfer, step.Teachers, step.Cache.Name)));

    /// <summary>The file.</summary>
    private sealed record ClusterFile(IReadOnlyList<int[]> Clusters);
}
