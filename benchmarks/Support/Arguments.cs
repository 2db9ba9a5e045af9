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

    /// <summary>The number after <c>--name</c>.</summary>
    public int Number(string name, int otherwise) => Text(name, null) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>The word after <c>--name</c>.</summary>
    public string? Text(string name, string? otherwise)
    {
        var at = rest.IndexOf($"--{name}");
        if (at < 0)
            return otherwise;
        if (at + 1 == rest.Count)
            throw new ArgumentException($"--{name} needs a value");
        var value = rest[at + 1];
        rest.RemoveRange(at, 2);
        return value;
    }

    /// <summary>Throws if an option is left that nobody asked for.</summary>
    public void RefuseTheRest()
    {
        if (rest.Count > 0)
            throw new ArgumentException($"unknown option: {string.Join(' ', rest)}");
    }
}
