using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A stage that makes a cache, which trainings can learn from and figures can be of.</summary>
/// <param name="name">Its name.</param>
/// <param name="needs">The stages that it needs.</param>
internal abstract class CacheStage(string name, params IEnumerable<string?> needs) : Stage(name, needs)
{
    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Cache;

    /// <summary>The number of classes that the teachers' files declare; <c>null</c>: they do not say.</summary>
    public abstract int? DeclaredClasses { get; }

    /// <summary>How many classes a student of one of several streams has; <c>null</c>: it is no teacher's own, or nothing declares them.</summary>
    public virtual int? DeclaredClassesOf(string stream) => null;

    /// <summary>The streams of outputs that a student's further outputs can learn from, by name.</summary>
    public virtual IReadOnlyList<string> FurtherStreams => [];

    /// <summary>How many classes the teacher's file declares of one of <see cref="FurtherStreams"/>; <c>null</c>: it does not say, or they are no classes.</summary>
    public virtual int? DeclaredClassesOfOutput(string stream) => null;

    /// <summary>Its streams; <c>null</c>: they are known when it is made.</summary>
    public virtual IReadOnlyList<string>? StreamNames => null;

    /// <summary>The first teacher's file, for messages.</summary>
    public abstract string FirstTeacher { get; }

    /// <summary>The first teacher, if it is a file; of one that a training makes, the first of that training's; <c>null</c>: there is none.</summary>
    public abstract TeacherOptions? FirstFile { get; }

    /// <summary>The digests of the teachers' files.</summary>
    public abstract string[] TeacherDigests(StageResults results);

    /// <summary>The teachers with the paths of their files.</summary>
    public abstract IReadOnlyList<TeacherOptions> Members(StageResults results);
}
