namespace OnnxKd.Core.Settings;

/// <summary>
/// Declares that a property is a setting of a recipe. Its key is the property's name in lower case with dashes (<c>LearningRate</c> is
/// <c>learning-rate</c>), its type the property's, its default what a new object has; a <c>required</c> property must be given. Parsing,
/// checks, help, docs and stage keys follow from the declaration; see <see cref="SettingSchema"/>.
/// </summary>
/// <param name="meaning">One phrase for the documentation, without a full stop.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute(string meaning) : Attribute
{
    /// <summary>One phrase for the documentation.</summary>
    public string Meaning { get; } = meaning;

    /// <summary>The key, where it is not the property's name.</summary>
    public string? Key { get; init; }

    /// <summary>Numbers must be above this; default: no such bound.</summary>
    public double Above { get; init; } = double.NegativeInfinity;

    /// <summary>The smallest number; default: none.</summary>
    public double AtLeast { get; init; } = double.NegativeInfinity;

    /// <summary>Numbers must be below this; default: no such bound.</summary>
    public double Below { get; init; } = double.PositiveInfinity;

    /// <summary>The largest number; default: none.</summary>
    public double AtMost { get; init; } = double.PositiveInfinity;

    /// <summary>
    /// The words that a text must be one of; default: any text. Of an enumeration: one for each value, in their order; default: their names.
    /// </summary>
    public string[] Words { get; init; } = [];

    /// <summary>The word for <c>null</c>.</summary>
    public string Null { get; init; } = "none";

    /// <summary>Whether a list may be empty, which <c>none</c> says too; default: if it is by default.</summary>
    public bool CanBeEmpty { get; init; }

    /// <summary>What it takes, in words, for types that have a form of their own in recipes.</summary>
    public string? Takes { get; init; }

    /// <summary>Whether a recipe must give it, where the property is not <c>required</c>.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether it names a file; relative paths start from the recipe's folder.</summary>
    public bool IsFile { get; init; }

    /// <summary>Whether it cannot change a result, and so is no part of a stage's key: threads, devices.</summary>
    public bool IsOutsideKey { get; init; }
}
