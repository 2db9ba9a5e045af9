using System.Globalization;
using OnnxKd.Core.Errors;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Whole numbers with commas: <c>1,2,4</c>.</summary>
internal static class NumberList
{
    /// <summary>Reads them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="option">The option, for messages.</param>
    /// <param name="most">The largest that one may be.</param>
    /// <exception cref="InputException">One is no whole number above 0, larger than that, or stands there twice.</exception>
    public static int[] Parse(string text, string option, int most = int.MaxValue)
    {
        int[] numbers = [.. text.Split(',').Select(part => int.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)];
        return numbers.All(number => number > 0 && number <= most) && numbers.Distinct().Count() == numbers.Length
            ? numbers
            : throw new InputException("That is not a list of numbers.", option, $"'{text}'", $"whole numbers {(most < int.MaxValue ? $"from 1 to {most}" : "above 0")} with commas, each once: 1,2,4");
    }
}
