namespace OnnxKd.StudentTrainer.Students;

/// <summary>What an option holds.</summary>
public enum OptionKind
{
    /// <summary>A whole number (<see cref="int"/>).</summary>
    Size,

    /// <summary>Whole numbers (<see cref="IReadOnlyList{T}"/> of <see cref="int"/>).</summary>
    Sizes,

    /// <summary>A number from 0 to below 1 (<see cref="double"/>).</summary>
    Probability,

    /// <summary>Numbers from 0 to below 1 (<see cref="IReadOnlyList{T}"/> of <see cref="double"/>).</summary>
    Probabilities,

    /// <summary>A number above 0, at most 100 (<see cref="double"/>).</summary>
    Factor,

    /// <summary>One of several words (<see cref="string"/>).</summary>
    Word,
}

/// <summary>One option of a built-in architecture: recipes, checks and docs/students.md follow from this declaration.</summary>
public class StudentOption
{
    private const double LargestFactor = 100;

    private protected StudentOption(string name, OptionKind kind, object? @default, string meaning) =>
        (Name, Kind, Default, Meaning) = (name, kind, @default, meaning);

    /// <summary>The key in recipes.</summary>
    public string Name { get; }

    /// <summary>What it holds.</summary>
    public OptionKind Kind { get; }

    /// <summary>What stands in where it is not given; <c>null</c>: none, which can also be asked for.</summary>
    public object? Default { get; }

    /// <summary>One phrase for the documentation.</summary>
    public string Meaning { get; }

    /// <summary>The smallest whole number.</summary>
    public int Minimum { get; init; } = 1;

    /// <summary>The largest whole number.</summary>
    public int Maximum { get; init; } = 1_000_000;

    /// <summary>The words, for <see cref="OptionKind.Word"/>.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>What it takes, in words.</summary>
    public string Expected => Kind switch
    {
        OptionKind.Size => $"a whole number from {Minimum} to {Maximum}",
        OptionKind.Sizes => $"whole numbers from {Minimum} to {Maximum}",
        OptionKind.Probability => "a number from 0 to below 1",
        OptionKind.Probabilities => "numbers from 0 to below 1",
        OptionKind.Factor => $"a number above 0, at most {LargestFactor}",
        _ => string.Join(", ", Words),
    };

    /// <summary>Whether a value is of the right type and in range.</summary>
    public bool Accepts(object? value) => (Kind, value) switch
    {
        (_, null) => Default is null,
        (OptionKind.Size, int size) => IsInRange(size),
        (OptionKind.Sizes, IReadOnlyList<int> sizes) => sizes.Count > 0 && sizes.All(IsInRange),
        (OptionKind.Probability, double probability) => probability is >= 0 and < 1,
        (OptionKind.Probabilities, IReadOnlyList<double> probabilities) => probabilities.All(probability => probability is >= 0 and < 1),
        (OptionKind.Factor, double factor) => factor is > 0 and <= LargestFactor,
        (OptionKind.Word, string word) => Words.Contains(word),
        _ => false,
    };

    private bool IsInRange(int size) => size >= Minimum && size <= Maximum;
}

/// <summary>An option whose value has a known type.</summary>
internal sealed class StudentOption<T>(string name, OptionKind kind, T @default, string meaning)
    : StudentOption(name, kind, @default, meaning);

/// <summary>Declares options.</summary>
internal static class Option
{
    public static StudentOption<int> Size(string name, int @default, string meaning) => new(name, OptionKind.Size, @default, meaning);

    public static StudentOption<int?> OptionalSize(string name, string meaning) => new(name, OptionKind.Size, null, meaning);

    public static StudentOption<IReadOnlyList<int>> Sizes(string name, int[] @default, string meaning) =>
        new(name, OptionKind.Sizes, @default, meaning);

    public static StudentOption<double> Probability(string name, double @default, string meaning) =>
        new(name, OptionKind.Probability, @default, meaning);

    public static StudentOption<IReadOnlyList<double>?> Probabilities(string name, string meaning) =>
        new(name, OptionKind.Probabilities, null, meaning);

    public static StudentOption<double> Factor(string name, double @default, string meaning) =>
        new(name, OptionKind.Factor, @default, meaning);

    /// <summary>One of several words; the first is the default.</summary>
    public static StudentOption<string> Word(string name, string[] words, string meaning) =>
        new(name, OptionKind.Word, words[0], meaning) { Words = words };
}
