using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>A training, with the capture before it and the export and checks after it.</summary>
internal sealed record TrainStep(string Name, RecipeValue Place) : RecipeStage(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "train";

    /// <summary>Who it learns from, and how they are captured; without teachers it learns from labels alone.</summary>
    public required TeachersOptions Teachers { get; init; }

    /// <summary>The entry that captures the teachers, where the recipe names one.</summary>
    public StageReference? Cache { get; init; }

    /// <summary>The students: one with the training's name, or several that learn side by side.</summary>
    public required IReadOnlyList<LearnerEntry> Learners { get; init; }

    /// <summary>How they are trained.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Whether the learning rate is given; else it is found.</summary>
    public bool HasRate => Training.Optimizer.LearningRate is not null;

    /// <summary>What is done to samples before the student sees them: its own preprocessing, else the data's.</summary>
    public Preprocessing PreprocessingOf(DataOptions data) => Learners[0].Student.Preprocessing ?? data.Preprocessing;

    /// <summary>How the teachers are captured; its list holds those of <see cref="Teachers"/>.</summary>
    public CaptureOptions Capture => Teachers.Capture;

    /// <summary>All terms of all students.</summary>
    public IEnumerable<Term> Terms => Learners.SelectMany(learner => learner.Objective);

    /// <summary>Whether a student learns from teachers.</summary>
    public bool LearnsFromTeachers => Learners.Any(learner => learner.LearnsFromTeachers(LearnerNames));

    /// <summary>The names of the students.</summary>
    public IReadOnlyList<string> LearnerNames => [.. Learners.Select(learner => learner.Name)];

    /// <summary>What a student is called among those that learn side by side.</summary>
    public string NameOf(LearnerEntry learner) => Learners.Count == 1 ? LearnerOptions.Only : learner.Name;

    /// <inheritdoc/>
    /// <remarks>The students as they are in the end, then as they were at milestones.</remarks>
    public override IReadOnlyList<string> Provides =>
        [.. LearnerNames, .. from learner in LearnerNames from epoch in Training.Milestones ?? [] select MilestoneOf(learner, epoch)];

    /// <summary>What a student is called as it was after an epoch.</summary>
    public static string MilestoneOf(string learner, int epoch) => $"{learner}@{epoch}";

    /// <summary>The student that a model is, or was.</summary>
    public LearnerEntry LearnerOf(string model) =>
        Learners.First(learner => learner.Name == model || model.StartsWith($"{learner.Name}@", StringComparison.Ordinal));

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs =>
        Learners.Select(learner => learner.Student.Stage).Prepend(Cache).Concat(Cache is null ? Teachers.Stages : []).OfType<StageReference>();

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() =>
        this with { Teachers = Teachers.WithoutMachine(), Training = Training with { Threads = null, Device = "auto" } };

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed) => YamlTree.Map(
        ("cache", Cache is { } cache ? YamlTree.Line(("stage", cache.Name)) : null),
        ("teachers", Cache is not null ? null : Teachers.IsEmpty ? "none" : Teachers.WriteTeachers(file)),
        ("capture", Cache is not null || Teachers.IsEmpty ? null : TeachersSection.WriteCapture(Capture)),
        ("seed", Training.Seed == seed ? null : Training.Seed),
        ("learners", WriteLearners(file)),
        ("student", Learners.Count == 1 ? Learners[0].WriteStudent(file) : null),
        ("objective", Learners.Count == 1 ? ObjectiveSection.Write(Learners[0].Objective) : null),
        ("training", TrainingSection.Write(Training)));

    /// <summary>Writes the students, where there are several; else <c>null</c>.</summary>
    public YamlNode? WriteLearners(Func<string, string> file) => Learners.Count == 1
        ? null
        : YamlTree.Map([.. Learners.Select(learner => (learner.Name, (object?)learner.Write(file)))]);
}

/// <summary>Teachers, and how they are captured.</summary>
/// <param name="Capture">How; its list has them all. One that a stage makes has no path yet.</param>
/// <param name="Stages">For each teacher the stage that makes it; <c>null</c> for a file.</param>
internal sealed record TeachersOptions(CaptureOptions Capture, IReadOnlyList<StageReference?> Stages)
{
    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => Capture.Teachers.Count == 0;

    /// <summary>The same for one of the sets; <c>null</c>: there is none, or one is recorded and was not asked of it.</summary>
    public TeachersOptions? On(SetRole role)
    {
        TeacherOptions[] asked = [.. Capture.Teachers.Select(teacher => teacher.On(role)).OfType<TeacherOptions>()];
        return IsEmpty || asked.Length < Capture.Teachers.Count ? null : this with { Capture = Capture with { Teachers = asked } };
    }

    /// <summary>The same without what belongs to a machine.</summary>
    public TeachersOptions WithoutMachine() => this with { Capture = Capture with { Threads = null, Device = "auto" } };

    /// <summary>Writes the list of teachers.</summary>
    public IEnumerable<YamlNode> WriteTeachers(Func<string, string> file) => Capture.Teachers.Zip(Stages, (teacher, stage) => stage is null
        ? TeachersSection.WriteTeacher(teacher, file)
        : StageValues.AsStage(TeachersSection.WriteTeacher(teacher, _ => stage.Name)));
}
