using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxKd.Core.Text;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>A line of the table of sources.</summary>
/// <param name="Id">The sample's id; <c>null</c> if the source was skipped.</param>
/// <param name="Source">The source's name.</param>
/// <param name="Label">Its class.</param>
/// <param name="Length">How much of the sample is not padding.</param>
/// <param name="Text">The text on a picture, or of a line.</param>
/// <param name="Skipped">Why it was skipped.</param>
internal sealed record SourceLine(
    long? Id = null, string Source = "", long? Label = null, long? Length = null, string? Text = null, string? Skipped = null)
{
    private static readonly JsonSerializerOptions options =
        new(CanonicalJson.Options) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The line, with its end.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(this, options) + "\n");

    /// <summary>Reads a line.</summary>
    public static SourceLine Parse(string line) => JsonSerializer.Deserialize<SourceLine>(line, options)!;
}
