using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Trains students: one, or several side by side.</summary>
internal sealed class TrainStage : TrainedStage
{
    /// <summary>One line for each epoch within the stage's folder.</summary>
    public const string EventsFile = "events.jsonl";

    private readonly RecipeGraph graph;
    private readonly TrainStep step;
    private readonly CacheStage? cache;
    private readonly CaptureStage? validation;
    private readonly CacheStage? classes;
    private readonly TaughtOutputs outputs;
    private readonly TrainedLearners learners;
    private readonly LearnerChecks checks;

    private TrainStage(RecipeGraph graph, TrainStep step, CacheStage? cache, CaptureStage? validation, CacheStage? classes)
        : base($"train-{step.Name}", [.. Sources(graph, step, cache, validation, classes), step.HasRate ? null : RateStage.NameOf(step)]) =>
        (this.graph, this.step, this.cache, this.validation, this.classes, outputs, learners, checks) =
            (graph, step, cache, validation, classes, new(graph, cache, classes), new(graph, step), new(graph, step, cache, classes?.FurtherStreams ?? []));

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new(TrainStep.KindName, StepSections.ReadTrain, (graph, entry) => Expand(graph, (TrainStep)entry));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Models => step.Provides;

    /// <inheritdoc/>
    public override TrainStage Trained => this;

    /// <inheritdoc/>
    public override string LearnerOf(string model) => step.LearnerOf(model).Name;

    /// <summary>The entry of the recipe.</summary>
    public TrainStep Step => step;

    /// <summary>What is done to samples before its student sees them.</summary>
    public Preprocessing Preprocessing => step.PreprocessingOf(graph.Recipe.Data);

    /// <summary>The stage whose cache it learns from; <c>null</c>: labels alone.</summary>
    public CacheStage? Cache => cache;

    /// <summary>Whether a model was built here, and not read from a file.</summary>
    /// <param name="model">Its name.</param>
    public bool IsBuiltIn(string model) => learners.IsBuiltIn(model);

    /// <inheritdoc/>
    public override StudentImport ImportOf(string model) => learners.ImportOf(step.LearnerOf(model));

    /// <inheritdoc/>
    public override OutputKind? OutputKindOf(string model, StageResults results)
    {
        var learner = step.LearnerOf(model);
        return learner.Student.Import.Kind
            ?? (learner.Student.Stage is { } stage ? graph.Find(stage)!.OutputKindOf(stage.Name, results) : null)
            ?? (classes is null ? null : CaptureStage.Answer(results[classes.Name]).Kind.Output());
    }

    /// <inheritdoc/>
    public override OutputKind? OutputKindOf(string model, TappedTensor output, StageResults results) => output.Kind ?? outputs.StreamOf(output, results)?.Kind.Output();

    /// <inheritdoc/>
    /// <remarks>A detector's file lies as its exporter wrote it; how many columns and anchors there are, its teacher says.</remarks>
    protected override int? ClassAxisOf(string model, StudentImport output, string? stream, StageResults results)
    {
        var student = step.LearnerOf(model).Student;
        if (output.Kind != OutputKind.Detector || output.Scores is not null || classes is null || student.Stage is null && student.Model is null)
            return null;
        var taught = CaptureStage.Streams(results[classes.Name]).FirstOrDefault(each => stream is null || each.Name == stream);
        var dims = graph.Files.SampleDims(graph.PathOf(student.Stage, student.Model, results)!, output, graph.Sets.Transfer.SampleShape);
        return taught?.StudentShape is [var anchors, var columns] && dims.SequenceEqual([columns, (long)anchors]) ? 1 : null;
    }

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
    public override IReadOnlyList<Publication> Publications =>
    [
        new(EventsFile, $"events/{step.Name}.jsonl", IsLink: true),
        .. EpochTracking.Publications(graph.Recipe, step.Name),
    ];

    /// <inheritdoc/>
    public override void Check()
    {
        var (shape, values) = (graph.Sets.Transfer.SampleShape, graph.Sets.Transfer.SampleElements);
        if ((long)step.Training.BatchSize * values > Array.MaxLength / sizeof(float))
            throw new InputException(
                "A batch is too large.", "training.batch-size", $"{step.Training.BatchSize} samples of {values} values",
                $"at most {Array.MaxLength / sizeof(float)} values", "choose a smaller batch-size");
        Preprocessing.Validate(shape);
        step.Training.Augmentation.Validate(shape, "training.augmentation");
        foreach (var learner in step.Learners)
            checks.Require(learner, learners.ImportOf(learner), GraphOf(learner.Name));
    }

    /// <inheritdoc cref="LearnerChecks.RequireStreamsFit"/>
    public void RequireStreamsFit(IReadOnlyList<CacheStream> streams) => checks.RequireStreamsFit(streams);

    /// <inheritdoc/>
    public override IEnumerable<SampleUse> Uses => step.Learners.Where(learner => learner.Student.Stage is null).Select(learner =>
        new SampleUse(learner.Student.Model is { } file ? Path.GetFileName(file) : $"student '{learner.Name}'", () => GraphOf(learner.Name)!, learner.Student.Import.Inputs, Preprocessing)
        {
            VocabularyKey = learner.Student.Model is null ? "student.vocabulary" : null,
        });

    /// <inheritdoc/>
    public override OnnxModel? GraphOf(string model) => learners.GraphOf(model);

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => InputsFor(Training(results), isValidated: true, results);

    /// <summary>Everything that decides what a training gives.</summary>
    /// <param name="training">Its settings.</param>
    /// <param name="isValidated">Whether the validation set has a part in it.</param>
    /// <param name="results">What the stages that it needs made.</param>
    public StageInputs InputsFor(TrainingOptions training, bool isValidated, StageResults results)
    {
        var sets = graph.Sets;
        var inputs = new StageInputs();
        foreach (var learner in step.Learners)
        {
            var name = step.Learners.Count == 1 ? "" : $"{learner.Name}.";
            inputs.Add($"{name}student", StudentSection.Write(learner.Student with { Import = learners.ImportOf(learner), Preprocessing = null }, graph.DigestOf(learner.Student.Stage, learner.Student.Model, results)))
                .Add($"{name}objective", new YamlSequenceNode(ObjectiveSection.Write(learner.Objective)));
        }

        inputs
            .Add("classes", $"{Classes(results)}")
            .Add("training", TrainingSection.Write(training, forKey: true))
            .Add("seed", $"{step.Training.Seed}")
            .Add("preprocessing", DataSection.WritePreprocessing(Preprocessing))
            .Add("samples", sets.Transfer.SamplesDigest)
            .Add("first-id", $"{sets.Transfer.IdOf(0)}")
            .Add("labels", sets.Transfer.LabelsDigest)
            .Add("lengths", sets.Transfer.LengthsDigest)
            .Add("cache", cache is null ? null : LogitCache.DigestOf(results[cache.Name].Folder));
        if (isValidated)
            inputs
                .Add("validation-samples", sets.Validation?.SamplesDigest)
                .Add("validation-labels", sets.Validation?.LabelsDigest)
                .Add("validation-lengths", sets.Validation?.LengthsDigest)
                .Add("validation-cache", validation is null ? null : LogitCache.DigestOf(results[validation.Name].Folder));
        return inputs;
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithLibTorch();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        graph.RequireSamples(work.Token);
        var result = With(work.Results, (students, data) =>
        {
            foreach (var remark in data.Cache is null ? [] : students.SelectMany(student => TaughtOutputs.Remarks(data.Cache, student.Objective)))
                work.Reporter.NoteOnce(remark);
            return Trainer.Train(students, data, Training(work.Results), work.Folder, work.Progress, work.Token, EpochTracking.Logs(graph, step.Name, work));
        });
        foreach (var (learner, trained) in step.LearnerNames.Zip(result.Students))
        {
            trained.Model.Save(Path.Combine(work.Folder, FileOf(learner)));
            foreach (var (epoch, model) in trained.Milestones)
                model.Save(Path.Combine(work.Folder, FileOf(TrainStep.MilestoneOf(learner, epoch))));
        }
    }

    /// <summary>Trains no further than an epoch; the stage is not finished by that.</summary>
    /// <returns>The figures of each epoch of the first student.</returns>
    public IReadOnlyList<EpochEvent> RunUntil(StageWork work, int epoch) => With(work.Results, (students, data) =>
        Trainer.TrainUntil(students, data, Training(work.Results), work.Folder, epoch, work.Progress, work.Token, EpochTracking.Logs(graph, step.Name, work)));

    /// <summary>The settings, with the learning rate that was found where the recipe leaves it open.</summary>
    public TrainingOptions Training(StageResults results) =>
        step.HasRate ? step.Training : step.Training.WithRate(RateStage.Read(results[RateStage.NameOf(step)]));

    /// <summary>Opens what is learned from, and makes the students.</summary>
    /// <param name="results">What the stages that it needs made.</param>
    /// <param name="use">Takes both.</param>
    public T With<T>(StageResults results, Func<IReadOnlyList<LearnerOptions>, TrainingData, T> use)
    {
        var (sets, count) = (graph.Sets, Classes(results));
        using var taught = cache is null ? null : LogitCache.Open(results[cache.Name].Folder);
        using var validated = validation is null ? null : LogitCache.Open(results[validation.Name].Folder);
        if (taught is not null && step.LearnsFromTeachers && step.Terms.Any(term => term.LearnsFromLabels) && LabelRemarks.Contradiction(sets.Transfer, taught) is { IsCertain: true } contradiction)
            throw new InputException(
                "Labels and teacher teach different things.", graph.Recipe.Data.Transfer.Labels, contradiction.Found, "labels that are numbered as the teacher's classes are", contradiction.Remedy);
        if (taught is not null)
            checks.RequireProbabilities(taught.Streams); // the cache may be of another run
        var data = new TrainingData(sets.Transfer, Preprocessing, taught, sets.Validation, validated);
        return use([.. step.Learners.Select(Options)], data);

        LearnerOptions Options(LearnerEntry learner, int index)
        {
            var import = ImportOf(learner.Name, results);
            return learners.Options(learner, index, import, outputs.HeadsOf(import, learner.Objective, count, results, taught), results);
        }
    }

    private static IEnumerable<string?> Sources(RecipeGraph graph, TrainStep step, params IEnumerable<CacheStage?> caches) =>
        caches.Select(stage => stage?.Name).Concat(step.Learners.Select(learner => graph.Find(learner.Student.Stage)?.Name));

    private static void Expand(RecipeGraph graph, TrainStep step)
    {
        var (sets, teachers) = (graph.Sets, step.Teachers);
        var cache = graph.FindCache(step.Cache)
            ?? (teachers.IsEmpty ? null : CaptureStage.Add(graph, CaptureStage.Transfer, sets.Transfer, teachers.On(SetRole.Transfer)!, CaptureStage.Transfer, $"cache-{step.Name}"));
        var validation = sets.Validation is { } set && FigureCapture.CanRead(set, teachers) && FigureCapture.Of(teachers, graph.Recipe.FurtherOutputs).On(SetRole.Validation) is { } asked
            ? CaptureStage.Add(graph, "validation", set, asked, "validation", $"validation-{step.Name}")
            : null;
        // Without teachers of its own, a baseline has as many classes as the student that it is compared with.
        var compared = step == graph.Recipe.Baseline ? graph.Of<TrainStage>().First(stage => stage.step.Name == graph.Recipe.Final.Name) : null;
        var train = graph.AddModels(new TrainStage(graph, step, cache, validation, cache ?? compared?.cache));
        if (!step.HasRate)
            graph.Add(new RateStage(train, Sources(graph, step, cache, validation, cache ?? compared?.cache)));
        foreach (var model in train.Models)
        {
            var export = graph.Add(new ExportStage(graph, train, model));
            graph.Add(new VerifyStage(graph, export));
        }
    }

    /// <summary>The teachers' classes, which an alphabet must fit; else one more than the largest label.</summary>
    private int Classes(StageResults results)
    {
        if (classes is null)
            return Math.Max(2, graph.Sets.Transfer.LargestLabel + 1);
        var count = CaptureStage.Answer(results[classes.Name]).StudentClasses;
        graph.Sets.Alphabet?.RequireClasses(classes.FirstTeacher, count);
        return count;
    }
}
