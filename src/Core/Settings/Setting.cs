using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace OnnxKd.Core.Settings;

/// <summary>One declared setting of a type.</summary>
public sealed class Setting
{
    private readonly PropertyInfo property;
    private readonly SettingAttribute declaration;

    internal Setting(PropertyInfo property, SettingAttribute declaration, object? @default)
    {
        (this.property, this.declaration, Default) = (property, declaration, @default);
        Name = declaration.Key ?? Dashed(property.Name);
        Type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        IsOptional = new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
        IsRequired = declaration.IsRequired || property.IsDefined(typeof(RequiredMemberAttribute));
        Element = Type.IsGenericType && Type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? Type.GetGenericArguments()[0] : Type;
        Words = declaration.Words.Length == 0 && Element.IsEnum ? [.. Enum.GetNames(Element).Select(Dashed)] : declaration.Words;
    }

    /// <summary>The key in recipes.</summary>
    public string Name { get; }

    /// <summary>The name of the property.</summary>
    public string Property => property.Name;

    /// <summary>The type of its values, without <c>?</c>.</summary>
    public Type Type { get; }

    /// <summary>The type of a list's entries; of any other setting its own type.</summary>
    public Type Element { get; }

    /// <summary>Whether it is a list.</summary>
    public bool IsList => Element != Type;

    /// <summary>Whether <c>null</c> is a value; recipes write <see cref="Null"/>.</summary>
    public bool IsOptional { get; }

    /// <summary>The word for <c>null</c>.</summary>
    public string Null => declaration.Null;

    /// <summary>Whether a list may be empty, which <c>none</c> says too.</summary>
    public bool CanBeEmpty => declaration.CanBeEmpty || Default is ICollection { Count: 0 };

    /// <summary>What stands in where it is not given.</summary>
    public object? Default { get; }

    /// <summary>One phrase for the documentation.</summary>
    public string Meaning => declaration.Meaning;

    /// <summary>Whether a recipe must give it.</summary>
    public bool IsRequired { get; }

    /// <summary>Whether it names a file.</summary>
    public bool IsFile => declaration.IsFile;

    /// <summary>Whether it cannot change a result.</summary>
    public bool IsOutsideKey => declaration.IsOutsideKey;

    /// <summary>The words that a text must be one of; empty: any text. Of an enumeration one for each value.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>What one number must be, in words.</summary>
    public string Range => (IsWhole ? "a whole number" : "a number") + Bounds;

    /// <summary>What it takes, in words.</summary>
    public string Expected => (declaration.Takes ?? (IsList ? Several : One)) + (IsOptional || IsList && CanBeEmpty ? $", or {Null}" : "");

    private bool IsWhole => Element == typeof(int) || Element == typeof(long);

    private bool IsNumber => IsWhole || Element == typeof(double);

    private string One =>
        Words.Count > 0 ? string.Join(", ", Words)
        : IsNumber ? Range
        : Element == typeof(bool) ? "true or false"
        : Element == typeof(string) ? IsFile ? "a file" : "a text"
        : Element == typeof(Interval) ? $"two numbers [from, to]{Bounds}"
        : Element == typeof(EpochSchedule) ? $"{Range}, or such at epochs, linear between them ({{ 0: 8, 10: 1 }})"
        : KindTable.Of(Element) is { } kinds ? string.Join(", ", kinds.Names)
        : "settings of its own";

    private string Several => IsNumber ? (IsWhole ? "whole numbers" : "numbers") + Bounds : $"a list: each {One}";

    private string Bounds
    {
        get
        {
            var (above, least) = (declaration.Above > double.NegativeInfinity, declaration.AtLeast > double.NegativeInfinity);
            var (below, most) = (declaration.Below < double.PositiveInfinity, declaration.AtMost < double.PositiveInfinity);
            var low = above ? $" above {Show(declaration.Above)}" : least ? $" from {Show(declaration.AtLeast)}" : "";
            var high = below ? $"below {Show(declaration.Below)}" : most ? Show(declaration.AtMost) : "";
            return (low, high) switch
            {
                (_, "") => least ? $"{low} on" : low,
                ("", _) => below ? $" {high}" : $" up to {high}",
                _ when least => $"{low} to {high}",
                _ => below ? $"{low} and {high}" : $"{low}, at most {high}",
            };
        }
    }

    /// <summary>Whether a number is in range; an infinite float32 is not.</summary>
    public bool Contains(double number) => float.IsFinite((float)number) && number > declaration.Above && number >= declaration.AtLeast
        && number < declaration.Below && number <= declaration.AtMost && (!IsWhole || number == Math.Floor(number))
        && (Element != typeof(int) || number is >= int.MinValue and <= int.MaxValue);

    /// <summary>Whether a value is of the right type and in range.</summary>
    public bool Accepts(object? value) => value switch
    {
        null => IsOptional,
        _ when !Type.IsInstanceOfType(value) => false,
        IEnumerable list when IsList => list.Cast<object?>().ToArray() is var entries
            && (entries.Length > 0 || CanBeEmpty) && Array.TrueForAll(entries, AcceptsOne),
        _ => AcceptsOne(value),
    };

    /// <summary>Its value in an object.</summary>
    public object? Get(object owner) => property.GetValue(owner);

    /// <summary>Sets its value in a new object.</summary>
    internal void Set(object owner, object? value) => property.SetValue(owner, value);

    /// <summary>A value as messages and the documentation show it.</summary>
    public string Describe(object? value) => value switch
    {
        null => Null,
        bool flag => flag ? "true" : "false",
        Enum word => WordOf(word),
        string text => text.Length > 0 ? text : Null,
        IEnumerable list => list.Cast<object>().ToArray() is { Length: > 0 } entries ? $"[{string.Join(", ", entries.Select(Describe))}]" : Null,
        _ when KindTable.Of(Element) is { } kinds => kinds.NameOf(value.GetType()),
        _ when SettingSchema.IsSettings(value.GetType()) => "its defaults",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>The word for a value of an enumeration.</summary>
    public string WordOf(Enum value) => Words[Array.IndexOf(Enum.GetValues(Element), value)];

    /// <summary>The value of an enumeration that a word stands for.</summary>
    public object ValueOf(string word) => Enum.GetValues(Element).GetValue(Words.ToList().IndexOf(word))!;

    /// <summary>A name of the code as recipes write it.</summary>
    public static string Dashed(string name)
    {
        var text = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0)
                text.Append('-');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }

    private bool AcceptsOne(object? value) => value switch
    {
        null => false,
        int or long or double => Contains(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
        string text => Words.Count == 0 || Words.Contains(text),
        EpochSchedule schedule => schedule.IsInOrder && schedule.Points.All(point => Contains(point.Value)),
        Interval interval => Contains(interval.From) && Contains(interval.To) && interval.From <= interval.To,
        _ => true,
    };

    private static string Show(double bound) => bound.ToString(CultureInfo.InvariantCulture);
}
