using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Text;

/// <summary>
/// One way to write records as JSON: snake_case names in the order of declaration, two spaces, line feeds, shortest numbers that
/// round-trip, enumerations as snake_case words, a final line feed. Equal values give equal bytes.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>Strict in reading: unknown, missing and repeated names, nulls where none are allowed, and NaN are refused.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        IgnoreReadOnlyProperties = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        NewLine = "\n",
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>The text of a value.</summary>
    public static string Serialize<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";

    /// <summary>Reads a value back that was written here.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="where">The file, for messages.</param>
    /// <exception cref="CheckFailedException">Not JSON, or not the JSON of this type.</exception>
    public static T Deserialize<T>(ReadOnlySpan<byte> utf8, string where)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(utf8, Options) ?? throw new JsonException("The document is null.");
        }
        catch (Exception error) when (IsMalformed(error))
        {
            throw new CheckFailedException(
                "A file that onnxkd wrote is damaged, or that of another version.", where, error.Message,
                remedy: "restore it from a copy, or delete the folder that it is in to have it made again", inner: error);
        }
    }

    /// <summary>
    /// Whether an exception says that a text is not JSON, or not that of a type; for bytes that are not UTF-8, and for an abstract type
    /// whose kind is missing, the parser throws ones of its own.
    /// </summary>
    internal static bool IsMalformed(Exception error) => error is JsonException or InvalidOperationException or NotSupportedException;
}
