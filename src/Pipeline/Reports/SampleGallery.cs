using System.Text.Json;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Preparation;

namespace OnnxKd.Pipeline.Reports;

/// <summary>A sample as the report shows it.</summary>
/// <param name="Name">What it was made from, else its id.</param>
/// <param name="Text">What is written there; <c>null</c>: not known.</param>
/// <param name="Picture">A PNG; <c>null</c>: it is no picture.</param>
/// <param name="Sound">A WAV; <c>null</c>: it is no sound.</param>
internal sealed record ShownSample(string Name, string? Text, byte[]? Picture, byte[]? Sound);

/// <summary>Some samples of a set, and the names of its classes.</summary>
/// <param name="Samples">By row.</param>
/// <param name="Classes">Empty: not known.</param>
internal sealed record SampleGallery(IReadOnlyDictionary<long, ShownSample> Samples, IReadOnlyList<string> Classes)
{
    /// <summary>Nothing to show.</summary>
    public static SampleGallery Empty { get; } = new(new Dictionary<long, ShownSample>(), []);

    /// <summary>The name of a class, with its index.</summary>
    public string NameOf(int index) => index < Classes.Count ? $"{Classes[index]} ({index})" : $"{index}";

    /// <summary>Reads samples.</summary>
    /// <param name="set">The set.</param>
    /// <param name="file">The file of its samples.</param>
    /// <param name="rows">Which.</param>
    public static SampleGallery Read(TransferSet set, string file, IEnumerable<long> rows)
    {
        var prepared = PreparedSources.SetOf(file);
        var wanted = rows.Distinct().ToArray();
        var sources = prepared is null ? null : PreparedSources.Find(file, wanted.Select(set.FileRow).ToHashSet());
        var rate = prepared?.Kind == "audio" && set.SampleShape.Count == 1 ? ((JsonElement)prepared.Options).GetProperty("rate").GetInt32() : 0;
        return new(wanted.ToDictionary(row => row, Show), prepared?.Classes ?? []);

        ShownSample Show(long row)
        {
            var values = new float[set.SampleElements];
            set.Read([row], values);
            var source = sources?.GetValueOrDefault(set.FileRow(row));
            return new(
                source?.Source ?? $"sample {set.FileRow(row)}", source?.Text ?? (set.Texts.Count > 0 ? set.Texts[(int)row] : null),
                SampleForms.Picture(values, set.SampleShape, set.Type), rate > 0 ? SampleForms.Sound(values, rate) : null);
        }
    }
}
