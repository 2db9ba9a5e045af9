using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;
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

    /// <summary>The student's graph.</summary>
    public required StudentSource Student { get; init; }

    /// <summary>What the student is trained for.</summary>
    public required IReadOnlyList<Term> Objective { get; init; }

    /// <summary>How the student is trained.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Whether the learning rate is given; else it is found.</summary>
    public bool HasRate => Training.Optimizer.LearningRate is not null;

    /// <summary>What is done to samples before the student sees them: its own preprocessing, else the data's.</summary>
    public Preprocessing PreprocessingOf(DataOptions data) => Student.Preprocessing ?? data.Preprocessing;

    /// <summary>How the teachers are captured; its list holds those of <see cref="Teachers"/>.</summary>
    public CaptureOptions Capture => Teachers.Capture;

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs =>
        new[] { Cache, Student.Stage }.Concat(Cache is null ? Teachers.Stages : []).OfType<StageReference>();

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() =>
        this with { Teachers = Teachers.WithoutMachine(), Training = Training with { Threads = null, Device = "auto" } };

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed) => YamlTree.Map(
        ("cache", Cache is { } cache ? YamlTree.Line(("stage", cache.Name)) : null),
        ("teachers", Cache is not null ? null : Teachers.IsEmpty ? "none" : Teachers.WriteTeachers(file)),
        ("capture", Cache is not null || Teachers.IsEmpty ? null : TeachersSection.WriteCapture(Capture)),
        ("seed", Training.Seed == seed ? null : Training.Seed),
        ("student", WriteStudent(file)),
        ("objective", ObjectiveSection.Write(Objective)),
        ("training", TrainingSection.Write(Training)));

    /// <summary>Writes the student.</summary>
    public YamlNode WriteStudent(Func<string, string> file) => Student.Stage is { } stage
        ? StageValues.AsStage(StudentSection.Write(Student, stage.Name))
        : StudentSection.Write(Student, Student.Model is { } model ? file(model) : null);
}

/// <summary>Teachers, and how they are captured.</summary>
/// <param name="Capture">How; its list has them all. One that a stage makes has no path yet.</param>
/// <param name="Stages">For each teacher the stage that makes it; <c>null</c> for a file.</param>
internal sealed record TeachersOptions(CaptureOptions Capture, IReadOnlyList<StageReference?> Stages)
{
    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => Capture.Teachers.Count == 0;

    /// <summary>The same without what belongs to a machine.</summary>
    public TeachersOptions WithoutMachine() => this with { Capture = Capture with { Threads = null, Device = "auto" } };

    /// <summary>Writes the list of teachers.</summary>
    public IEnumerable<YamlNode> WriteTeachers(Func<string, string> file) => Capture.Teachers.Zip(Stages, (teacher, stage) => stage is null
        ? TeachersSection.WriteTeacher(teacher, file)
        : StageValues.AsStage(TeachersSection.WriteTeacher(teacher, _ => stage.Name)));
}
