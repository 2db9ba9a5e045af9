using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>A built-in architecture: its declaration and its builder.</summary>
/// <param name="Name">Its name in recipes.</param>
/// <param name="Meaning">One phrase for the documentation: what it is, and from which paper.</param>
/// <param name="Samples">Which samples it takes, for the documentation.</param>
/// <param name="Options">Its options.</param>
/// <param name="Build">Builds the graph.</param>
internal sealed record Architecture(
    string Name, string Meaning, string Samples, IReadOnlyList<StudentOption> Options, Func<StudentRequest, OnnxModel> Build)
{
    /// <summary>Names of their own for some values of the options.</summary>
    public IReadOnlyList<NamedSize> Sizes { get; init; } = [];

    /// <summary>Reads a name that follows a pattern; <c>null</c> if it does not.</summary>
    public Func<string, NamedSize?> Parse { get; init; } = _ => null;

    /// <summary>What a name stands for; <c>null</c> if it is none of this architecture's.</summary>
    public NamedSize? Find(string name) =>
        name == Name ? new(Name) : Sizes.FirstOrDefault(size => size.Name == name) ?? Parse(name);
}

/// <summary>A name that fixes some options of an architecture.</summary>
internal sealed record NamedSize(string Name, params (StudentOption Option, object Value)[] Fixed);
