using System.Globalization;
using System.Reflection;
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
        var nullable = new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
        Type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        IsOptional = nullable;
    }

    /// <summary>The key in recipes.</summary>
    public string Name { get; }

    /// <summary>The type of its values, without <c>?</c>.</summary>
    public Type Type { get; }

    /// <summary>Whether <c>none</c> is a value.</summary>
    public bool IsOptional { get; }

    /// <summary>What stands in where it is not given.</summary>
    public object? Default { get; }

    /// <summary>One phrase for the documentation.</summary>
    public string Meaning => declaration.Meaning;

    /// <summary>Whether a recipe must give it.</summary>
    public bool IsRequired => declaration.IsRequired;

    /// <summary>Whether it names a file.</summary>
    public bool IsFile => declaration.IsFile;

    /// <summary>Whether it cannot change a result.</summary>
    public bool IsOutsideKey => declaration.IsOutsideKey;

    /// <summary>The words that a text must be one of; empty: any text.</summary>
    public IReadOnlyList<string> Words => declaration.Words;

    /// <summary>Whether a number, or each number of a list, must be whole.</summary>
    public bool IsWhole => Element == typeof(int) || Element == typeof(long) || Element == typeof(ulong);

    /// <summary>The type of a list's entries; of any other setting its own type.</summary>
    public Type Element => ListElement(Type) ?? Type;

    /// <summary>Whether it is a list.</summary>
    public bool IsList => ListElement(Type) is not null;

    /// <summary>What a number must be, in words.</summary>
    public string Range
    {
        get
        {
            var (low, high) = (LowerBound(), UpperBound());
            var number = IsWhole ? "a whole number" : "a number";
            return (low, high) switch
            {
                ("", "") => number,
                (_, "") => $"{number} {low}",
                ("", _) => $"{number} {high}",
                _ => $"{number} {low}{(declaration.AtMost < double.PositiveInfinity ? $" {high}" : $" and {high}")}",
            };
        }
    }

    /// <summary>What it takes, in words.</summary>
    public string Expected
    {
        get
        {
            var one = Words.Count > 0 ? string.Join(", ", Words)
                : Element == typeof(bool) ? "true or false"
                : Element == typeof(string) ? IsFile ? "a file" : "a text"
                : Element.IsPrimitive ? Range
                : "settings of its own";
            return (IsList ? $"a list: each {one}" : one) + (IsOptional ? ", or none" : "");
        }
    }

    /// <summary>Whether a number is in range.</summary>
    public bool Contains(double number) => double.IsFinite(number) && number > declaration.Above && number >= declaration.AtLeast
        && number < declaration.Below && number <= declaration.AtMost && (!IsWhole || number == Math.Floor(number));

    /// <summary>Its value in an object.</summary>
    public object? Get(object owner) => property.GetValue(owner);

    /// <summary>Sets its value in a new object.</summary>
    internal void Set(object owner, object? value) => property.SetValue(owner, value);

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

    private string LowerBound() => declaration.Above > double.NegativeInfinity ? $"above {Show(declaration.Above)}"
        : declaration.AtLeast > double.NegativeInfinity ? $"from {Show(declaration.AtLeast)}" : "";

    private string UpperBound() => declaration.Below < double.PositiveInfinity ? $"below {Show(declaration.Below)}"
        : declaration.AtMost < double.PositiveInfinity ? $"to {Show(declaration.AtMost)}" : "";

    private static string Show(double bound) => bound.ToString(CultureInfo.InvariantCulture);

    private static Type? ListElement(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;
}
