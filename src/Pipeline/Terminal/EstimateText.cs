using System.Globalization;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>Words for what a capture will take.</summary>
internal static class EstimateText
{
    /// <summary>One line.</summary>
    public static string Line(CaptureEstimate estimate) => string.Create(
        CultureInfo.InvariantCulture,
        $"capture: {estimate.Rows} rows of {string.Join(", ", estimate.Streams.Select(Stream))}; {FileSize.Format(estimate.Bytes)} "
        + $"({estimate.BytesPerRow} bytes a row, {FileSize.Format(estimate.FreeBytes)} free), about {ProgressText.Duration(estimate.Seconds)} "
        + $"at {estimate.RowsPerSecond:g3} rows/s in batches of {estimate.BatchSize}");

    /// <summary>What each teacher gives, a line each.</summary>
    public static IEnumerable<string> Readings(CaptureEstimate estimate) => estimate.Readings.Select(reading => $"teacher {Printable.Escape(reading)}");

    /// <summary>A stream's name, shape and storage.</summary>
    public static string Stream(CacheStream stream) => $"{stream.Name} {Shapes.Format(stream.Shape)} {stream.Storage.Name}";
}
