using System.Globalization;
using Onnx;

namespace OnnxKd.Core.Logits;

/// <summary>What exported students with a detector head say of it in their metadata, beside <see cref="KindEvidence.MetadataKey"/>.</summary>
internal static class DetectorMetadata
{
    /// <summary>How boxes are written: <c>xywh</c> or <c>xyxy</c>.</summary>
    public const string BoxesKey = "onnxkd.boxes";

    /// <summary>Whether there is an objectness: <c>true</c> or <c>false</c>.</summary>
    public const string ObjectnessKey = "onnxkd.objectness";

    /// <summary>Which of the scores is that there is nothing: <c>first</c> or <c>last</c>; no entry: none.</summary>
    public const string BackgroundKey = "onnxkd.background";

    /// <summary>The axis of the columns, the batch being 0.</summary>
    public const string AxisKey = "onnxkd.class_axis";

    /// <summary>The axis that a model's metadata name; <c>null</c>: none.</summary>
    public static int? AxisOf(ModelProto model) =>
        int.TryParse(model.MetadataProps.FirstOrDefault(entry => entry.Key == AxisKey)?.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var axis) ? axis : null;
}
