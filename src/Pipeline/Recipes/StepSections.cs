using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Reads the entries of <c>stages</c> from their own sections; a section that an entry leaves out is the recipe's of that name.</summary>
internal static class StepSections
{
    private static readonly string[] CaptureKeys = ["teachers", "capture", "seed"];
    private static readonly string[] TrainKeys = [.. CaptureKeys, "cache", "student", "learners", "objective", "training", "repeat"];

    /// <summary>Reads a named capture.</summary>
    public static IReadOnlyList<RecipeStage> ReadCapture(StepReading step)
    {
        var own = step.Value.Map(CaptureKeys);
        var teachers = ReadTeachers(step, own, Seed(step, own));
        return !teachers.IsEmpty
            ? [new CaptureStep(step.Name, step.Value) { Teachers = teachers }]
            : throw step.Value.Error("There is no teacher to capture.", remedy: "add teachers");
    }

    /// <summary>Reads a training, or several generations of it.</summary>
    public static IReadOnlyList<RecipeStage> ReadTrain(StepReading step)
    {
        var own = step.Value.Map(TrainKeys);
        var last = ReadTrain(step, own);
        return own.Find("repeat") is { } repeat ? Generations(last, repeat.WholeNumber(2), repeat, last.PreprocessingOf(step.Data)) : [last];
    }

    /// <summary>Reads the one training of a recipe without <c>stages</c>.</summary>
    public static TrainStep ReadTop(StepReading step) => ReadTrain(step, step.Top);

    /// <summary>Checks sections of the top level that perhaps no entry takes.</summary>
    public static void CheckTop(RecipeMap top)
    {
        top.Read("objective", null, ObjectiveSection.Read);
        top.Read("student", null, student => student.IsMap && student.Find("stage") is not null
            ? throw student.Error("The recipe's own student is no stage's.", remedy: "name the stage in the training that starts from it")
            : StudentSection.Read(student));
    }

    /// <summary>Reads the recipe's own teachers.</summary>
    public static TeachersOptions ReadTeachers(StepReading step) => ReadTeachers(step, step.Top, step.Seed);

    private static TrainStep ReadTrain(StepReading step, RecipeMap own)
    {
        var seed = Seed(step, own);
        var learners = ReadLearners(step, own);
        var cache = own == step.Top || own.Find("cache") is not { } named ? null
            : StageValues.Find(named, ArtifactKind.Cache) ?? throw named.Error("A cache is what a stage makes.", expected: "{ stage: NAME }");
        if (cache is not null && (own.Find("teachers") ?? own.Find("capture")) is { } second)
            throw second.Error(
                "A training has either teachers of its own or a cache that another stage makes.", "both", remedy: "remove one");
        var captured = cache is null ? null : step.Before.Select(entry => TeachersOf(entry, cache.Name)).FirstOrDefault(teachers => teachers is not null);
        // Teachers that an entry does not name itself, and does not need, are those of others.
        var usesTeachers = own == step.Top || own.Find("teachers") is not null
            || learners.Any(learner => learner.LearnsFromTeachers([.. learners.Select(other => other.Name)]));
        return new(step.Name, step.Value)
        {
            Cache = cache,
            Teachers = captured ?? ReadTeachers(step, own, seed, usesTeachers && cache is null),
            Learners = learners,
            Training = ReadTraining(step, own, seed),
        };
    }

    /// <summary>Whose class scores a cache holds, or begins with.</summary>
    private static TeachersOptions? TeachersOf(RecipeStage entry, string cache) => entry.Name != cache ? null
        : entry is CaptureStep capture ? capture.Teachers
        : (entry as CombineStep)?.Teachers;

    /// <summary>The one student of the sections <c>student</c> and <c>objective</c>, or those under <c>learners</c>, which fall back on these.</summary>
    private static IReadOnlyList<LearnerEntry> ReadLearners(StepReading step, RecipeMap own)
    {
        if ((own.Find("learners") ?? (own.Find("student") is null ? step.Top.Find("learners") : null)) is not { } value)
            return [new(step.Name, ReadStudent(step, Section(step, own, "student")), ObjectiveSection.Read(Section(step, own, "objective")))];
        LearnerEntry[] learners =
        [
            .. value.Entries().Select(entry =>
            {
                var map = entry.Value.Map("student", "objective");
                return new LearnerEntry(
                    RecipeFile.ReadName(entry.Key),
                    ReadStudent(step, map.Find("student") ?? Section(step, own, "student")),
                    ObjectiveSection.Read(map.Find("objective") ?? Section(step, own, "objective")));
            }),
        ];
        if (learners.Any(learner => learner.Student.Preprocessing != learners[0].Student.Preprocessing))
            throw value.Error(
                "Students that learn side by side get the same samples.", "students with different preprocessing", remedy: "give all of them the same");
        return learners.Length > 1 ? learners : throw value.OutOfRange("two or more, each with a name of its own", "write a single one as 'student' and 'objective'");
    }

    private static StudentSource ReadStudent(StepReading step, RecipeValue value)
    {
        var stage = value.IsMap ? StageValues.Find(value, ArtifactKind.Model) : null;
        var source = StudentSection.Read(stage is null ? value : StageValues.AsFile(value));
        // What starts from trained weights sees what they saw.
        return stage is null
            ? source
            : source with { Model = null, Stage = stage, Preprocessing = source.Preprocessing ?? step.TrainingOf(stage)?.Learners[0].Student.Preprocessing };
    }

    /// <summary>The first learns from the entry's teachers, each further one from the one before it; the last has the entry's name.</summary>
    private static TrainStep[] Generations(TrainStep last, int count, RecipeValue place, Preprocessing preprocessing)
    {
        if (last.Learners.Count > 1)
            throw place.Error("Generations are of one student.", $"{last.Learners.Count} learners", remedy: "remove 'repeat' or 'learners'");
        string Name(int generation) => generation == count ? last.Name : $"{last.Name}-{generation}";
        TrainStep Named(string name) => last with { Name = name, Learners = [last.Learners[0] with { Name = name }] };
        return
        [
            .. Enumerable.Range(1, count).Select(generation =>
            {
                // The same first weights, order and views would lead to the same student.
                var training = last.Training with { Seed = last.Training.Seed + (ulong)(generation - 1) };
                return generation == 1
                    ? Named(Name(1))
                    : Named(Name(generation)) with
                    {
                        Cache = null, Training = training,
                        Teachers = new(
                            last.Capture with { Teachers = [new() { Model = "", Preprocessing = preprocessing }], Seed = training.Seed },
                            [new(Name(generation - 1), ArtifactKind.Model, place)]),
                    };
            }),
        ];
    }

    private static TeachersOptions ReadTeachers(StepReading step, RecipeMap own, ulong seed, bool uses = true)
    {
        var (preprocessing, value) = (step.Data.Preprocessing, own.Find("teachers") ?? step.Top.Find("teachers"));
        if (!uses || value is null || value.IsNone)
            return new(TeachersSection.ReadCapture(uses ? own.Find("capture") ?? step.Top.Find("capture") : null, [], seed), []);
        var stages = value.RequireKeys(TeachersSection.Model, isInList: true).List(teacher => StageValues.Find(teacher, ArtifactKind.Model));
        var isGiven = value.List(teacher => teacher.Has("preprocessing"));
        TeacherOptions[] teachers =
        [
            // A stage's model takes what it was trained with.
            .. TeachersSection.ReadTeachers(value.EachEntry(StageValues.AsFile), preprocessing).Select((teacher, i) =>
                !isGiven[i] && stages[i] is { } stage && step.TrainingOf(stage) is { } maker ? teacher with { Preprocessing = maker.PreprocessingOf(step.Data) } : teacher),
        ];
        var capture = (own == step.Top ? null : own.Find("capture"))?.Over(step.Top.Find("capture")) ?? step.Top.Find("capture");
        return new(
            TeachersSection.ReadCapture(
                capture, [.. teachers.Zip(stages, (teacher, stage) => stage is null ? teacher : teacher with { Model = "" })], seed),
            stages);
    }

    /// <summary>Reads how an entry trains; keys that it lacks are the recipe's.</summary>
    public static TrainingOptions ReadTraining(StepReading step, RecipeMap own, ulong seed)
    {
        if (own == step.Top || own.Find("training") is not { } different || step.Top.Find("training") is not { } basis)
            return TrainingSection.Read(Section(step, own, "training"), seed);
        var training = TrainingSection.Override(different, TrainingSection.Override(basis, new() { Epochs = 0, Seed = seed }));
        return training.Epochs > 0 ? training : TrainingSection.Read(different, seed); // which says that the epochs are missing
    }

    private static ulong Seed(StepReading step, RecipeMap own) => own == step.Top ? step.Seed : own.Read("seed", step.Seed, v => v.Seed());

    private static RecipeValue Section(StepReading step, RecipeMap own, string key) => own.Find(key) ?? step.Top.Find(key) ?? own.Require(key);
}
