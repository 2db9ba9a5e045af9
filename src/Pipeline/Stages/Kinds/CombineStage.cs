using System.Numerics.Tensors;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Specialists;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Writes a cache of what a generalist and its specialists say together of a set.</summary>
internal sealed class CombineStage : CacheStage
{
    private const int BatchRows = 256;
    private const string Device = "cpu";

    /// <summary>The file of what specialists change, by how many of them have a sample's class; of sets with labels.</summary>
    public const string CoverageFile = "coverage.json";

    private readonly CombineStep step;
    private readonly TransferSet set;
    private readonly CaptureStage generalist;
    private readonly SpecialistStage[] specialists;
    private readonly string folderName;

    private CombineStage(string name, string folderName, CombineStep step, TransferSet set, CaptureStage generalist, SpecialistStage[] specialists)
        : base(name, [generalist.Name, ClusterStage.NameOf(step.Specialists.Clusters), .. specialists.Select(specialist => specialist.Name)]) =>
        (this.folderName, this.step, this.set, this.generalist, this.specialists) = (folderName, step, set, generalist, specialists);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new(CombineStep.KindName, CombineStep.Read, (graph, entry) => Expand(graph, (CombineStep)entry));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override string FolderName => folderName;

    /// <inheritdoc/>
    public override StageCost Cost => new(set.Count);

    /// <inheritdoc/>
    public override int? DeclaredClasses => generalist.DeclaredClasses;

    /// <inheritdoc/>
    public override string FirstTeacher => generalist.FirstTeacher;

    /// <inheritdoc/>
    public override TeacherOptions? FirstFile => generalist.FirstFile;

    /// <inheritdoc/>
    public override string[] TeacherDigests(StageResults results) =>
        [.. generalist.TeacherDigests(results), .. specialists.Select(specialist => results[specialist.Name].Record.Outputs[specialist.FileOf(specialist.Models[0])].Sha256)];

    /// <inheritdoc/>
    public override IReadOnlyList<TeacherOptions> Members(StageResults results)
    {
        var first = generalist.Members(results);
        return
        [
            .. first,
            .. specialists.Select(specialist => new TeacherOptions
            {
                Model = results[specialist.Name][specialist.FileOf(specialist.Models[0])], Kind = OutputKind.Classes, Preprocessing = first[0].Preprocessing,
            }),
        ];
    }

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results)
    {
        var inputs = new StageInputs()
            .Add("cache", LogitCache.DigestOf(results[generalist.Name].Folder))
            .Add("combine", SettingsSection.Write(step.Options))
            .Add("clusters", ClusterStage.DigestOf(results[ClusterStage.NameOf(step.Specialists.Clusters)]))
            .Add("samples", set.SamplesDigest)
            .Add("labels", set.LabelsDigest);
        foreach (var (specialist, digest) in specialists.Zip(TeacherDigests(results).TakeLast(specialists.Length)))
            inputs.Add($"specialist.{specialist.Models[0]}", digest);
        return inputs;
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithOnnxRuntime();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        using var logits = LogitCache.Open(work.Results[generalist.Name].Folder);
        var stream = logits.Streams[0];
        using var asked = new SpecialistSessions(
            [.. specialists.Select(specialist => (OnnxModel.Load(work.Results[specialist.Name][specialist.FileOf(specialist.Models[0])]), specialist.Classes(work.Results)))],
            SampleReader.Of(set, generalist.Members(work.Results)[0].Preprocessing), step.Options.Top);
        bool isResumed; // what was asked before is not known
        using (var writer = LogitCacheWriter.OpenOrResume(work.Folder, Identity(logits, asked, TeacherDigests(work.Results)), BatchRows))
        {
            var pending = writer.PendingBatches();
            isResumed = pending.Sum(batch => batch.Count) < set.Count;
            foreach (var batch in pending)
            {
                work.Token.ThrowIfCancellationRequested();
                var rows = Enumerable.Range(0, (int)batch.Count).Select(i => batch.First + i).ToArray();
                writer.Append(asked.Combine(rows, ModelScores.Read(logits, stream, rows), stream.StudentClasses));
                work.Progress.Report(new("combine", batch.End, set.Count, "samples"));
            }
            writer.Complete();
        }
        if (set.HasLabelsFor(stream.StudentShape))
            WriteCoverage(work, logits);
        for (var i = 0; i < specialists.Length && !isResumed; i++)
            if (asked.Asked[i] == 0)
                work.Reporter.Note($"warning: {specialists[i].Models[0]} is asked about no sample of {set.Name}: none of its classes is among the generalist's first {step.Options.Top}");
    }

    private void WriteCoverage(StageWork work, LogitCache logits)
    {
        using var combined = LogitCache.Open(work.Folder);
        var (classes, coverage) = (logits.Streams[0].StudentClasses, new SpecialistCoverage([.. specialists.Select(specialist => specialist.Classes(work.Results))]));
        foreach (var rows in Enumerable.Range(0, (int)set.Count).Select(row => (long)row).Chunk(BatchRows))
        {
            var (alone, together) = (ModelScores.Read(logits, logits.Streams[0], rows), ModelScores.Read(combined, combined.Streams[0], rows));
            for (var i = 0; i < rows.Length; i++)
                coverage.Add(set.Labels[(int)rows[i]], TopOf(alone, i), TopOf(together, i));
        }
        AtomicFile.WriteAllText(Path.Combine(work.Folder, CoverageFile), CanonicalJson.Serialize(coverage.Rows));

        int TopOf(float[] scores, int row) => TensorPrimitives.IndexOfMax<float>(scores.AsSpan(row * classes, classes));
    }

    private CacheIdentity Identity(LogitCache logits, SpecialistSessions asked, string[] digests)
    {
        var first = logits.Identity.Teachers;
        var members = first.Concat(specialists.Select((specialist, i) => new CachedTeacher(
            $"{specialist.Models[0]}.onnx", digests[first.Count + i], asked.Inputs[i], ImportName, StreamKind.Logit, 1, first[0].Preprocessing))).ToArray();
        return logits.Identity with
        {
            Teachers = [.. members.Select(member => member with { Weight = 1.0 / members.Length })],
            Combination = Combination.Specialists,
            Streams = [new("logits", $"top-{step.Options.Top}", null, StreamKind.LogProbability, logits.Streams[0].StudentShape, new Float32())],
            Provider = Device,
        };
    }

    private static string ImportName => StudentTrainer.Learners.SpecialistHead.Output;

    /// <summary>For students a cache of the transfer set, for figures one of the test set.</summary>
    private static void Expand(RecipeGraph graph, CombineStep step)
    {
        var specialists = step.Specialists.Provides.Select(name => (SpecialistStage)graph.Find(new(name, ArtifactKind.Model, step.Place))).ToArray();
        var cache = CaptureStage.Add(graph, CaptureStage.Transfer, graph.Sets.Transfer, step.Teachers.On(SetRole.Transfer)!, step.Cache.Name);
        graph.AddCache(step.Name, graph.Add(new CombineStage(step.Name, step.Name, step, graph.Sets.Transfer, cache, specialists)));
        if (graph.Sets.Test is not { } test || FigureCapture.Of(step.Teachers, []).On(SetRole.Test) is not { } asked)
            return;
        var onTest = CaptureStage.Add(graph, "test-teacher", test, asked, $"test-{step.Cache.Name}");
        graph.AddFigures(step.Name, graph.Add(new CombineStage($"test-{step.Name}", $"test-{step.Name}", step, test, onTest, specialists)));
    }
}
