using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>A student's body with a teacher's head, not trained yet: where a training starts from.</summary>
internal sealed record GraftStep(string Name, RecipeValue Place) : RecipeStage(Name, KindName, Place)
{
    /// <summary>The key below the entry's name.</summary>
    public const string KindName = "graft";

    private static readonly string[] Keys = ["student", "at", "head", "from", "projector", "seed"];
    private static readonly string[] Projectors = ["linear", "mlp"];

    /// <summary>The student, a built-in one or a file.</summary>
    public required StudentSource Student { get; init; }

    /// <summary>The tensor of the student that is projected.</summary>
    public required string At { get; init; }

    /// <summary>The teacher's file; <c>null</c>: a stage makes it.</summary>
    public string? Head { get; init; }

    /// <summary>The stage that makes the teacher; <c>null</c>: it is a file.</summary>
    public StageReference? HeadStage { get; init; }

    /// <summary>The tensor of the teacher from which on it is taken.</summary>
    public required string From { get; init; }

    /// <summary>The layer between.</summary>
    public required string Projector { get; init; }

    /// <summary>Decides the fresh weights.</summary>
    public required ulong Seed { get; init; }

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <inheritdoc/>
    public override IEnumerable<StageReference> Needs => HeadStage is null ? [] : [HeadStage];

    /// <summary>Reads an entry.</summary>
    public static IReadOnlyList<RecipeStage> Read(StepReading step)
    {
        var own = step.Value.Map(Keys);
        var (student, head) = (own.Find("student") ?? step.Top.Find("student") ?? own.Require("student"), own.Require("head"));
        var stage = head.IsMap ? StageValues.Find(head, ArtifactKind.Model) ?? throw head.Error("A head is a file, or what a stage makes.", expected: "FILE or { stage: NAME }") : null;
        return
        [
            new GraftStep(step.Name, step.Value)
            {
                Student = StudentSection.Read(student),
                At = own.Require("at").Text(),
                Head = stage is null ? head.File() : null,
                HeadStage = stage,
                From = own.Require("from").Text(),
                Projector = own.Read("projector", Projectors[0], value => value.OneOf(Projectors)),
                Seed = own.Read("seed", step.Seed, value => value.Seed()),
            },
        ];
    }

    /// <inheritdoc/>
    public override RecipeStage WithoutMachine() => this;

    /// <inheritdoc/>
    public override YamlNode Write(Func<string, string> file, ulong seed) => YamlTree.Map(
        ("student", StudentSection.Write(Student, Student.Model is { } model ? file(model) : null)),
        ("at", At),
        ("head", HeadStage is { } stage ? YamlTree.Line(("stage", stage.Name)) : file(Head!)),
        ("from", From),
        ("projector", Projector),
        ("seed", Seed == seed ? null : Seed));
}
