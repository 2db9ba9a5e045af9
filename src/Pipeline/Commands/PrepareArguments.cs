using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Threading;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Preparation;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Options that every kind of preparation has, and how their values are read.</summary>
internal sealed class PrepareArguments
{
    private readonly Option<string> output = new("--output", "-o")
    {
        Description = "The folder to write; what an earlier run left there is replaced.",
        Required = true,
    };

    private readonly Option<bool> skipCorrupt = new("--skip-corrupt")
    {
        Description = "Leave out damaged sources, count and name them; without this the first one ends the run.",
    };

    private readonly Option<int> threads = new("--threads") { Description = "Sources worked on at once; 0: one per processor." };

    private readonly Option<string?> classes = new("--classes")
    {
        Description = "The names of the classes in the order of their indices, where it is not the order of the names: a text file with a name a line, or the folder of a prepared set.",
    };

    /// <summary>Declares them on a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="hasClasses">Whether sources have classes of which the user tells the names.</param>
    public void AddTo(Command command, bool hasClasses = true)
    {
        if (hasClasses)
            command.Add(classes);
        command.Add(output);
        command.Add(skipCorrupt);
        command.Add(threads);
    }

    /// <summary>Reads them, and says that the preparation begins.</summary>
    /// <exception cref="InputException">A number is out of range.</exception>
    public (PrepareOptions Options, StageReporter Progress) Begin(ParseResult parsed, TextWriter stderr)
    {
        var options = Read(parsed);
        var progress = new StageReporter(stderr, GlobalOptions.Style(parsed).Live);
        progress.Started("prepare", options.Output);
        return (options, progress);
    }

    private PrepareOptions Read(ParseResult parsed) => new(
        Path.GetFullPath(parsed.GetValue(output)!), parsed.GetValue(skipCorrupt),
        parsed.GetValue(threads) is >= 0 and <= Parts.MostThreads and var count
            ? count
            : throw Wrong(threads.Name, $"{parsed.GetValue(threads)}", $"a number from 0 to {Parts.MostThreads}"))
    {
        Classes = parsed.GetValue(classes) is { } names ? ClassNames.Read(Path.GetFullPath(names)) : null,
    };

    /// <summary>Whole numbers with commas; none where the option was not given.</summary>
    /// <exception cref="InputException">Something else.</exception>
    public static int[] WholeNumbers(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text ? [] :
    [
        .. text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Wrong(option.Name, $"'{text}'", "whole numbers with commas: 224,224")),
    ];

    /// <summary>Numbers, or fractions such as 1/255, with commas.</summary>
    /// <exception cref="InputException">Something else.</exception>
    public static double[]? Numbers(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option)?.Split(',').Select(part => Number(part, option.Name)).ToArray();

    /// <summary>One number, or a fraction.</summary>
    /// <exception cref="InputException">Something else.</exception>
    public static double? Number(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? Number(text, option.Name) : null;

    /// <summary>One of the words of an enumeration.</summary>
    /// <exception cref="InputException">Another word.</exception>
    public static T? OneOf<T>(ParseResult parsed, Option<string?> option, params IReadOnlyList<T> allowed)
        where T : struct, Enum
    {
        if (parsed.GetValue(option) is not { } word)
            return null;
        IReadOnlyList<T> values = allowed.Count > 0 ? allowed : Enum.GetValues<T>();
        var index = values.Select(value => value.ToString().ToLowerInvariant()).ToList().IndexOf(word);
        return index >= 0 ? values[index] : throw Wrong(
            option.Name, $"'{word}'", $"one of {string.Join(", ", values.Select(value => value.ToString().ToLowerInvariant()))}");
    }

    /// <summary>The error that an option has a wrong value.</summary>
    public static InputException Wrong(string option, string found, string expected) =>
        new("An option has a value that is not allowed.", option, found, expected, "correct the value");

    private static double Number(string text, string option)
    {
        var parts = text.Split('/');
        double divisor = 1;
        return parts.Length <= 2 && TryParse(parts[0], out var number) && (parts.Length == 1 || TryParse(parts[1], out divisor))
            ? number / divisor
            : throw Wrong(option, $"'{text}'", "a number, or a fraction such as 1/255");
    }

    private static bool TryParse(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
}
