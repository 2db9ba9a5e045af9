using System.Text.Json;

namespace OnnxKd.Benchmarks.Support;

/// <summary>How results are shown.</summary>
public static class Output
{
    /// <summary>Keys in snake case, as everywhere in this project's JSON.</summary>
    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>One line per figure.</summary>
    public static void Print(object result)
    {
        foreach (var property in JsonSerializer.SerializeToElement(result, Json).EnumerateObject())
            Console.WriteLine($"{property.Name,-32} {property.Value}");
    }

    /// <summary>The middle value.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
