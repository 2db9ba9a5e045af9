using System.Text.Json;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>Reads <c>metrics.json</c>.</summary>
internal static class Figures
{
    /// <summary>The figures of the model with a role.</summary>
    public static JsonElement Of(JsonElement metrics, string role) =>
        metrics.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == role);

    /// <summary>The figures of the model with a role, in a command's output.</summary>
    public static JsonElement Of(CliResult result, string role) => Of(JsonDocument.Parse(result.Output).RootElement, role);

    /// <summary>The roles, in order.</summary>
    public static IEnumerable<string?> Roles(CliResult result) => JsonDocument.Parse(result.Output).RootElement.GetProperty("models")
        .EnumerateArray().Select(model => model.GetProperty("role").GetString());
}
