using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Puts a teacher's head on a student's body.</summary>
internal sealed class GraftStage : ModelStage
{
    // The body's own classifier is cut off, so how many classes it has does not matter.
    private const int AnyClasses = 2;

    private readonly RecipeGraph graph;
    private readonly GraftStep step;

    private GraftStage(RecipeGraph graph, GraftStep step)
        : base($"graft-{step.Name}", graph.Find(step.HeadStage)?.Name) => (this.graph, this.step) = (graph, step);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } =
        new(GraftStep.KindName, GraftStep.Read, (graph, entry) => graph.AddModels(new GraftStage(graph, (GraftStep)entry)));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Models => step.Provides;

    /// <inheritdoc/>
    public override StudentImport ImportOf(string model) => StudentImport.Default;

    /// <inheritdoc/>
    public override OutputKind? OutputKindOf(string model, StageResults results) => graph.Find(step.HeadStage)?.OutputKindOf(step.HeadStage!.Name, results);

    /// <inheritdoc/>
    public override void Check()
    {
        var shape = graph.Sets.Transfer.SampleShape;
        _ = InputFront.Behind(step.Student.Architecture is { } architecture ? Architectures.RequireFit(architecture, shape) : OnnxModel.Load(step.Student.Model!), shape, step.Student.Import.Inputs);
        if (step.Head is { } head)
            _ = InputFront.Behind(OnnxModel.Load(head), shape, FeedsOfHead);
        foreach (var file in new[] { step.Head, step.Student.Model }.OfType<string>())
            graph.Files.Digest(file);
    }

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => new StageInputs()
        .Add("student", StudentSection.Write(step.Student, step.Student.Model is { } model ? graph.Files.Digest(model) : null))
        .Add("at", step.At)
        .Add("head", graph.DigestOf(step.HeadStage, step.Head, results))
        .Add("from", step.From)
        .Add("feeds", FeedsOfHead.AreNone ? null : $"{FeedsOfHead}")
        .Add("projector", step.Projector)
        .Add("seed", $"{step.Seed}")
        .Add("sample", $"{string.Join('×', graph.Sets.Transfer.SampleShape)}")
        .Add("inputs", graph.Sets.Transfer.SampleShape.Layout is { Length: > 0 } layout ? layout : null);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithLibTorch();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var shape = graph.Sets.Transfer.SampleShape;
        var head = graph.PathOf(step.HeadStage, step.Head, work.Results)!;
        var body = step.Student.Model is { } model ? OnnxModel.Load(model) : Architectures.Build(step.Student.Architecture!, shape, AnyClasses, step.Seed);
        Graft.Build(
            InputFront.Behind(body, shape, step.Student.Import.Inputs), step.At, InputFront.Behind(OnnxModel.Load(head), shape, FeedsOfHead), step.From, step.Projector, shape,
            step.Seed).Save(Path.Combine(work.Folder, FileOf(step.Name)));
    }

    /// <summary>What the teacher's inputs are fed with, as where it teaches.</summary>
    private InputFeeds FeedsOfHead => graph.Recipe.Reference.Capture.Teachers.FirstOrDefault(teacher => teacher.Model == step.Head)?.Inputs ?? InputFeeds.None;
}
