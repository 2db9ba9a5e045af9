namespace OnnxKd.Core.TransferSets;

/// <summary>What a comma in a number stands for, as far as the number tells.</summary>
internal enum CommaNumber
{
    /// <summary>It is no number with a comma.</summary>
    None,

    /// <summary>It stands before the fraction: <c>0,5</c>, <c>12,3456</c>.</summary>
    Decimal,

    /// <summary>It may as well part thousands: <c>6,157</c>.</summary>
    Unclear,

    /// <summary>It is a point that stands before the fraction: <c>0.5</c>.</summary>
    Point,

    /// <summary>It is a point, which may as well part thousands: <c>6.157</c>.</summary>
    UnclearPoint,
}

/// <summary>Tells numbers with commas from numbers with points.</summary>
internal static class CommaNumbers
{
    private const int Group = 3;

    /// <summary>Looks at a field.</summary>
    public static CommaNumber Of(ReadOnlySpan<char> text)
    {
        text = text.Trim().Trim('"').TrimStart("+-");
        var whole = Digits(text);
        if (whole == text.Length || text[whole] is not (',' or '.'))
            return CommaNumber.None;
        var fraction = Digits(text[(whole + 1)..]);
        var rest = text[(whole + 1 + fraction)..];
        if (whole + fraction == 0 || !(rest.IsEmpty || rest is ['e' or 'E', .. var exponent] && exponent.TrimStart("+-") is var power && power.Length > 0 && Digits(power) == power.Length))
            return CommaNumber.None;
        var mayPartThousands = fraction == Group && whole is >= 1 and <= Group && text[0] != '0' && rest.IsEmpty;
        return text[whole] == '.'
            ? mayPartThousands ? CommaNumber.UnclearPoint : CommaNumber.Point
            : mayPartThousands ? CommaNumber.Unclear : CommaNumber.Decimal;
    }

    /// <summary>What to do where a number with commas or points cannot be read.</summary>
    public static string Remedy(CommaNumber comma) => comma switch
    {
        CommaNumber.Unclear => "if the comma stands before a fraction, set table.decimal: \",\"; if it parts thousands, table.thousands: \",\"",
        CommaNumber.UnclearPoint => "if the point stands before a fraction, set table.decimal: \".\"; if it parts thousands, table.thousands: \".\" and table.decimal: \",\"",
        _ => "correct the value, or set table.decimal and table.thousands (1.234,5 has decimal: \",\" and thousands: \".\")",
    };

    private static int Digits(ReadOnlySpan<char> text) => text.IndexOfAnyExceptInRange('0', '9') is >= 0 and var end ? end : text.Length;
}
