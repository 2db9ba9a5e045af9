using OnnxKd.Core.Preparation.Steps;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The settings of one step of an augmentation: a mapping, or the first setting alone.</summary>
internal sealed class StepSettings(RecipeValue value, string[] names)
{
    private readonly RecipeMap? map = value.IsMap ? value.Map(names) : null;

    /// <summary>A number that must be there.</summary>
    public double Number(string name) => Require(name).Number(NumberRange.Any);

    /// <summary>A number.</summary>
    public double Number(string name, double fallback) => Find(name)?.Number(NumberRange.Any) ?? fallback;

    /// <summary>A whole number that must be there.</summary>
    public int Whole(string name) => Require(name).WholeNumber(0);

    /// <summary>A whole number.</summary>
    public int Whole(string name, int fallback) => Find(name)?.WholeNumber(0) ?? fallback;

    /// <summary>Whole numbers; default none.</summary>
    public IReadOnlyList<int> WholeList(string name) => Find(name)?.List(entry => entry.WholeNumber(0)) ?? [];

    /// <summary>Two numbers that must be there.</summary>
    public Interval Interval(string name) => ReadInterval(Require(name));

    /// <summary>Two numbers.</summary>
    public Interval Interval(string name, Interval fallback) => Find(name) is { } given ? ReadInterval(given) : fallback;

    private RecipeValue? Find(string name) => map is not null ? map.Find(name) : name == names[0] ? value : null;

    // Without a mapping, asking for one names the keys that it must have.
    private RecipeValue Require(string name) => map is null && name == names[0] ? value : (map ?? value.Map(names)).Require(name);

    private static Interval ReadInterval(RecipeValue value) => value.List(entry => entry.Number(NumberRange.Any)) is [var from, var to]
        ? new(from, to)
        : throw value.OutOfRange("two numbers, [from, to]");
}
