using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Reads [N, C, H, W] (or with a depth) at the places that a grid names, from −1 to 1 along each axis.</summary>
internal static class GridSampling
{
    public static Kernel GridSample(NodeContext node)
    {
        var mode = node.Attributes.GetString("mode", node.Version < 20 ? "bilinear" : "linear");
        var edge = node.Attributes.GetString("padding_mode", "zeros");
        var alignCorners = node.Attributes.GetInt("align_corners", 0) != 0;
        var padding = edge switch
        {
            "zeros" => GridSamplePaddingMode.Zeros,
            "border" => GridSamplePaddingMode.Border,
            "reflection" => GridSamplePaddingMode.Reflection,
            _ => throw node.Unsupported("has an unknown padding_mode", edge, "expected zeros, border or reflection"),
        };
        return mode switch
        {
            "bilinear" or "linear" => x => [nn.functional.grid_sample(x[0], x[1], GridSampleMode.Bilinear, padding, alignCorners)],
            "nearest" => x => [nn.functional.grid_sample(x[0], x[1], GridSampleMode.Nearest, padding, alignCorners)],
            "bicubic" or "cubic" => x => [CubicGridSample.Sample(x[0], x[1], padding, alignCorners)],
            _ => throw node.Unsupported("has an unknown mode", mode, "expected linear, nearest or cubic (before 20: bilinear, bicubic)"),
        };
    }
}
