using System.Globalization;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Trains the specialist of one group of classes, from the generalist on.</summary>
internal sealed class SpecialistStage : ModelStage
{
    private readonly RecipeGraph graph;
    private readonly SpecialistsStep step;
    private readonly int index;
    private readonly TrainedStage generalist;
    private readonly CaptureStage cache;

    private SpecialistStage(RecipeGraph graph, SpecialistsStep step, int index, TrainedStage generalist, CaptureStage cache)
        : base($"train-{step.Provides[index]}", generalist.Name, cache.Name, ClusterStage.NameOf(step.Clusters)) =>
        (this.graph, this.step, this.index, this.generalist, this.cache) = (graph, step, index, generalist, cache);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new(SpecialistsStep.KindName, SpecialistsStep.Read, (graph, entry) => Expand(graph, (SpecialistsStep)entry));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Models => [step.Provides[index]];

    /// <inheritdoc/>
    public override IReadOnlyList<Publication> Publications => [new(TrainStage.EventsFile, $"events/{Models[0]}.jsonl", IsLink: true)];

    /// <summary>The specialist's classes.</summary>
    public int[] Classes(StageResults results) => ClusterStage.Read(results[ClusterStage.NameOf(step.Clusters)])[index];

    /// <inheritdoc/>
    public override StudentImport ImportOf(string model) => StudentImport.Default with { Output = SpecialistHead.Output };

    /// <inheritdoc/>
    public override OutputKind? OutputKindOf(string model, StageResults results) => OutputKind.Classes;

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => new StageInputs()
        .Add("generalist", graph.DigestOf(step.Model, null, results))
        .Add("classes", string.Join(' ', Classes(results)))
        .Add("number", $"{index}")
        .Add("objective", new YamlDotNet.RepresentationModel.YamlSequenceNode(ObjectiveSection.Write(step.Objective)))
        .Add("training", TrainingSection.Write(step.Training, forKey: true))
        .Add("seed", $"{step.Training.Seed}")
        .Add("preprocessing", DataSection.WritePreprocessing(generalist.Trained.Preprocessing))
        .Add("samples", graph.Sets.Transfer.SamplesDigest)
        .Add("first-id", $"{graph.Sets.Transfer.IdOf(0)}")
        .Add("labels", graph.Sets.Transfer.LabelsDigest)
        .Add("cache", step.LearnsFromGeneralist ? LogitCache.DigestOf(results[cache.Name].Folder) : null);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithLibTorch();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var (classes, count) = (Classes(work.Results), CaptureStage.Answer(work.Results[cache.Name]).StudentClasses);
        using var logits = step.LearnsFromGeneralist ? LogitCache.Open(work.Results[cache.Name].Folder) : null;
        using var set = SpecialistSet.Create(graph.Sets.Transfer, logits, classes, step.Training.Seed, index, work.Folder);
        var from = OnnxModel.Load(graph.PathOf(step.Model, null, work.Results)!);
        var student = SpecialistHead.Attach(from, generalist.ImportOf(step.Model.Name).Output, classes, count);
        var learner = new LearnerOptions(LearnerOptions.Only, student, ImportOf(Models[0]) with { Kind = OutputKind.Classes, Seed = step.Training.Seed }, step.Objective);
        var trained = Trainer.Train(
            [learner], new(set.Set, generalist.Trained.Preprocessing, set.Cache, null), step.Training, work.Folder, work.Progress, work.Token);
        var offsets = new float[classes.Length + 1];
        offsets[^1] = set.Correction;
        OutputBias.Add(trained.Students[0].Model, SpecialistHead.Output, offsets).Save(Path.Combine(work.Folder, FileOf(Models[0])));
        work.Reporter.Note(string.Create(
            CultureInfo.InvariantCulture, $"{Models[0]}: classes {string.Join(' ', classes)}, {set.Set.Count} samples, {set.Correction:+0.##;-0.##} for the others"));
    }

    private static void Expand(RecipeGraph graph, SpecialistsStep step)
    {
        var (generalist, clusters) = ((TrainedStage)graph.Find(step.Model), step.Clusters);
        var cache = CaptureStage.Add(graph, CaptureStage.Transfer, graph.Sets.Transfer, clusters.Teachers, clusters.Cache.Name);
        for (var i = 0; i < step.Provides.Count; i++)
            graph.AddModels(new SpecialistStage(graph, step, i, generalist, cache));
    }
}
