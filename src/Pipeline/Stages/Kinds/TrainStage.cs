using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Training;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Trains one student.</summary>
internal sealed class TrainStage : ModelStage
{
    /// <summary>One line for each epoch within the stage's folder.</summary>
    public const string EventsFile = "events.jsonl";

    private readonly RecipeGraph graph;
    private readonly TrainStep step;
    private readonly CaptureStage? cache;
    private readonly CaptureStage? validation;
    private readonly ModelStage? start;
    private readonly CaptureStage? classes;

    private TrainStage(RecipeGraph graph, TrainStep step, CaptureStage? cache, CaptureStage? validation, ModelStage? start, CaptureStage? classes)
        : base($"train-{step.Name}", [.. Sources(cache, validation, start, classes), step.HasRate ? null : RateStage.NameOf(step)]) =>
        (this.graph, this.step, this.cache, this.validation, this.start, this.classes) = (graph, step, cache, validation, start, classes);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new(TrainStep.KindName, StepSections.ReadTrain, (graph, entry) => Expand(graph, (TrainStep)entry));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Models => step.Provides;

    /// <summary>The entry of the recipe.</summary>
    public TrainStep Step => step;

    /// <summary>What is done to samples before its student sees them.</summary>
    public Preprocessing Preprocessing => step.PreprocessingOf(graph.Recipe.Data);

    /// <summary>The capture that it learns from; <c>null</c>: labels alone.</summary>
    public CaptureStage? Cache => cache;

    /// <inheritdoc/>
    public override StudentImport Import => step.Student.Import with
    {
        Output = step.Student.Import.Output ?? start?.Import.Output,
        ClassAxis = step.Student.Import.ClassAxis ?? start?.Import.ClassAxis,
    };

    /// <inheritdoc/>
    public override StageCost Cost
    {
        get
        {
            var (rows, training) = (graph.Sets.Transfer.Count, step.Training);
            return new(rows, training.Epochs, training.Epochs * ((rows + training.BatchSize - 1) / training.BatchSize));
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Publication> Publications => [new(EventsFile, $"events/{step.Name}.jsonl", IsLink: true)];

    /// <inheritdoc/>
    public override void Check()
    {
        var (shape, values) = (graph.Sets.Transfer.SampleShape, graph.Sets.Transfer.SampleElements);
        if ((long)step.Training.BatchSize * values > Array.MaxLength / sizeof(float))
            throw new InputException(
                "A batch is too large.", "training.batch-size", $"{step.Training.BatchSize} samples of {values} values",
                $"at most {Array.MaxLength / sizeof(float)} values", "choose a smaller batch-size");
        Preprocessing.Validate(shape);
        if (step.Student.Architecture is { } architecture)
            Architectures.RequireFit(architecture, shape);
        if (step.Student.Model is not { } model)
            return;
        var file = OnnxModel.Load(model);
        StudentCheck.Require(file, Import, shape);
        if (graph.Recipe.Export.IsInside(step, graph.Recipe.Data))
            InputPreprocessing.RequirePossible(file);
        if (graph.Files.DeclaredClasses(model, Import.Output, Import.ClassAxis) is { } own && cache?.DeclaredClasses is { } taught && own != taught)
            throw new InputException(
                "The student and its teacher differ in the number of classes.", model, $"student [{own}]", $"teacher [{taught}] of {cache.FirstTeacher}",
                "choose a student with as many classes as the teacher");
    }

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => InputsFor(Training(results), results);

    /// <summary>Everything that decides what a training gives.</summary>
    /// <param name="training">Its settings.</param>
    /// <param name="results">What the stages that it needs made.</param>
    public StageInputs InputsFor(TrainingOptions training, StageResults results)
    {
        var sets = graph.Sets;
        return new StageInputs()
            .Add("student", StudentSection.Write(step.Student with { Import = Import, Preprocessing = null }, StartDigest(results)))
            .Add("classes", $"{Classes(results)}")
            .Add("objective", new YamlSequenceNode(ObjectiveSection.Write(step.Objective)))
            .Add("training", TrainingSection.Write(training, forKey: true))
            .Add("seed", $"{step.Training.Seed}")
            .Add("preprocessing", DataSection.WritePreprocessing(Preprocessing))
            .Add("samples", sets.Transfer.SamplesDigest)
            .Add("first-id", $"{sets.Transfer.IdOf(0)}")
            .Add("labels", sets.Transfer.LabelsDigest)
            .Add("lengths", sets.Transfer.LengthsDigest)
            .Add("validation-samples", sets.Validation?.SamplesDigest)
            .Add("validation-labels", sets.Validation?.LabelsDigest)
            .Add("validation-lengths", sets.Validation?.LengthsDigest)
            .Add("cache", cache is null ? null : LogitCache.DigestOf(results[cache.Name].Folder))
            .Add("validation-cache", validation is null ? null : LogitCache.DigestOf(results[validation.Name].Folder));
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithLibTorch();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var result = With(work.Results, (learners, data) =>
            Trainer.Train(learners, data, Training(work.Results), work.Folder, work.Progress, work.Token));
        result.Students[0].Model.Save(Path.Combine(work.Folder, FileOf(Models[0])));
    }

    /// <summary>The settings, with the learning rate that was found where the recipe leaves it open.</summary>
    public TrainingOptions Training(StageResults results) =>
        step.HasRate ? step.Training : step.Training.WithRate(RateStage.Read(results[RateStage.NameOf(step)]));

    /// <summary>Opens what is learned from, and makes the student.</summary>
    /// <param name="results">What the stages that it needs made.</param>
    /// <param name="use">Takes both.</param>
    public T With<T>(StageResults results, Func<IReadOnlyList<LearnerOptions>, TrainingData, T> use)
    {
        var (sets, count) = (graph.Sets, Classes(results));
        using var taught = cache is null ? null : LogitCache.Open(results[cache.Name].Folder);
        using var validated = validation is null ? null : LogitCache.Open(results[validation.Name].Folder);
        var path = step.Student.Stage is { } stage ? results[start!.Name][start.FileOf(stage.Name)] : step.Student.Model;
        var student = path is not null
            ? OnnxModel.Load(path)
            : Architectures.Build(step.Student.Architecture!, sets.Transfer.SampleShape, count, step.Training.Seed);
        var data = new TrainingData(sets.Transfer, Preprocessing, taught, sets.Validation, validated);
        var learner = new LearnerOptions(LearnerOptions.Only, student, Import with { Seed = step.Training.Seed }, step.Objective);
        return use([learner], data);
    }

    private static IEnumerable<string?> Sources(params IEnumerable<Stage?> stages) => stages.Select(stage => stage?.Name);

    private static void Expand(RecipeGraph graph, TrainStep step)
    {
        var (sets, teachers) = (graph.Sets, step.Teachers);
        var cache = teachers.IsEmpty ? null : CaptureStage.Add(graph, CaptureStage.Transfer, sets.Transfer, teachers, CaptureStage.Transfer, $"cache-{step.Name}");
        var validation = teachers.IsEmpty || sets.Validation is null
            ? null
            : CaptureStage.Add(graph, "validation", sets.Validation, CaptureStage.ForFigures(teachers), "validation", $"validation-{step.Name}");
        // Without teachers of its own, a baseline has as many classes as the student that it is compared with.
        var compared = step == graph.Recipe.Baseline ? graph.Of<TrainStage>().First(stage => stage.step.Name == graph.Recipe.Final.Name) : null;
        var train = graph.AddModels(new TrainStage(graph, step, cache, validation, graph.Find(step.Student.Stage), cache ?? compared?.cache));
        if (!step.HasRate)
            graph.Add(new RateStage(train, Sources(cache, validation, graph.Find(step.Student.Stage), cache ?? compared?.cache)));
        foreach (var model in train.Models)
        {
            var export = graph.Add(new ExportStage(graph, train, model));
            graph.Add(new VerifyStage(graph, export));
        }
    }

    private string? StartDigest(StageResults results) => step.Student.Stage is { } stage
        ? results[start!.Name].Record.Outputs[start.FileOf(stage.Name)].Sha256
        : step.Student.Model is { } model ? graph.Files.Digest(model) : null;

    /// <summary>The teachers' classes, which an alphabet must fit; else one more than the largest label.</summary>
    private int Classes(StageResults results)
    {
        if (classes is null)
            return Math.Max(2, graph.Sets.Transfer.LargestLabel + 1);
        var count = CaptureStage.Classes(results[classes.Name]);
        graph.Sets.Alphabet?.RequireClasses(classes.FirstTeacher, count);
        return count;
    }
}
