using System.Globalization;

namespace OnnxKd.Benchmarks.Support;

/// <summary>The options of a benchmark: <c>--json</c>, and <c>--name value</c> for numbers that have a default.</summary>
public sealed class Arguments
{
    private readonly List<string> rest;

    /// <summary>Takes the arguments after the benchmark's name.</summary>
    public Arguments(IEnumerable<string> arguments)
    {
        rest = [.. arguments];
        Json = rest.Remove("--json");
    }

    /// <summary>Whether stdout is to hold one JSON object.</summary>
    public bool Json { get; }

    /// <summary>Whether <c>--name</c> is there.</summary>
    public bool Flag(string name) => rest.Remove($"--{name}");

    /// <summary>The number after <c>--name</c>.</summary>
    public int Number(string name, int otherwise) =>
        Text(name, null) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new UsageException($"--{name} must be a whole number, not '{text}'");

    /// <summary>The word after <c>--name</c>.</summary>
    public string? Text(string name, string? otherwise)
    {
        var at = rest.IndexOf($"--{name}");
        if (at < 0)
            return otherwise;
        if (at + 1 == rest.Count)
            throw new UsageException($"--{name} needs a value");
        var value = rest[at + 1];
        rest.RemoveRange(at, 2);
        return value;
    }

    /// <summary>The word after <c>--name</c>, which is one of some; the first of them without it.</summary>
    public string Choice(string name, params string[] words) =>
        Text(name, words[0])! is var word && words.Contains(word)
            ? word
            : throw new UsageException($"--{name} must be {string.Join(" or ", words)}, not '{word}'");

    /// <summary>Throws if an option is left that nobody asked for; to be called once all are read, before the work.</summary>
    public void RefuseTheRest()
    {
        if (rest.Count > 0)
            throw new UsageException($"unknown option: {string.Join(' ', rest)}");
    }
}

/// <summary>The command line is wrong.</summary>
public sealed class UsageException(string message) : Exception(message);
