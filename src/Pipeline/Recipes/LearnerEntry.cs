using OnnxKd.StudentTrainer.Terms;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>One student of a training.</summary>
/// <param name="Name">Its name among the learners, and of its model; for the only one the training's.</param>
/// <param name="Student">Its graph.</param>
/// <param name="Objective">What it is trained for.</param>
internal sealed record LearnerEntry(string Name, StudentSource Student, IReadOnlyList<Term> Objective)
{
    /// <summary>Whether it learns from teachers, so that there must be a cache.</summary>
    /// <param name="names">The names of all learners of the training.</param>
    public bool LearnsFromTeachers(IReadOnlyCollection<string> names) => Objective.Any(term => term.LearnsFromTeachers(Name, names));

    /// <summary>Writes it.</summary>
    public YamlNode Write(Func<string, string> file) =>
        YamlTree.Map(("student", WriteStudent(file)), ("objective", ObjectiveSection.Write(Objective)));

    /// <summary>Writes the student.</summary>
    public YamlNode WriteStudent(Func<string, string> file) => Student.Stage is { } stage
        ? StageValues.AsStage(StudentSection.Write(Student, stage.Name))
        : StudentSection.Write(Student, Student.Model is { } model ? file(model) : null);
}
