using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Preparation.Images;

/// <summary>The graph from the bytes of a JPEG or PNG file to a sample.</summary>
internal static class ImageGraph
{
    private const long Rows = 2, Columns = 3;

    // ITU-R BT.601, as everywhere that colour becomes grey.
    private static readonly float[] luma = [0.299f, 0.587f, 0.114f];

    /// <summary>Writes the graph.</summary>
    public static OnnxModel Build(ImageOptions options)
    {
        var graph = new GraphWriter();
        var file = graph.Input("file", DataType.Uint8);
        var image = graph.Node(
            "DecodeImage", [file], 1, ExtensionsLibrary.ImageDomain, GraphWriter.Text("color_space", "rgb"))[0];
        image = graph.Node("Cast", [image], GraphWriter.Int("to", (long)DataType.Float));
        image = graph.Node("Transpose", [image], GraphWriter.Ints("perm", 2, 0, 1));
        image = graph.Node("Expand", [image, graph.Longs(3, 1, 1)]); // a grey JPEG is decoded into one channel
        if (options.Channels == 1)
            image = graph.Node(
                "ReduceSum", [graph.Node("Mul", [image, graph.Floats(luma, 3, 1, 1)]), graph.Longs(0)], GraphWriter.Int("keepdims", 1));
        image = graph.Node("Unsqueeze", [image, graph.Longs(0)]);
        if (options.Resize.Count > 0)
            image = Resize(graph, image, options);
        image = CropMiddle(graph, image, options.Size);
        image = graph.Node("Squeeze", [image, graph.Longs(0)]);
        image = options.Type == ElementType.UInt8
            ? graph.Node("Cast", [graph.Node("Round", [image])], GraphWriter.Int("to", (long)DataType.Uint8))
            : Normalise(graph, image, options);
        if (options.Layout == ImageLayout.Hwc)
            image = graph.Node("Transpose", [image], GraphWriter.Ints("perm", 1, 2, 0));
        var type = options.Type == ElementType.UInt8 ? DataType.Uint8 : DataType.Float;
        graph.Output(PreparationSession.SampleOutput, image, type, options.SampleShape);
        return graph.Build();
    }

    private static string Resize(GraphWriter graph, string image, ImageOptions options)
    {
        var antialias = options.Antialias && options.Interpolation != Interpolation.Nearest;
        var resized = graph.Node(
            "Resize", [image, "", "", graph.Longs(options.Resize[0], options.Resize[^1])],
            GraphWriter.Ints("axes", Rows, Columns),
            GraphWriter.Text("mode", options.Interpolation.ToString().ToLowerInvariant()),
            GraphWriter.Text("keep_aspect_ratio_policy", options.Resize.Count == 1 ? "not_smaller" : "stretch"),
            GraphWriter.Text("nearest_mode", "round_prefer_ceil"), // the pixel that holds the place, as in Pillow
            GraphWriter.Float("cubic_coeff_a", antialias ? -0.5f : -0.75f),
            GraphWriter.Int("exclude_outside", antialias ? 1 : 0),
            GraphWriter.Int("antialias", antialias ? 1 : 0));
        return graph.Node("Clip", [resized, graph.Floats([0]), graph.Floats([255])]); // cubic overshoots
    }

    private static string CropMiddle(GraphWriter graph, string image, IReadOnlyList<int> size)
    {
        var crop = graph.Longs(size[0], size[1]);
        var room = graph.Node("Sub", [graph.Node("Shape", [image], GraphWriter.Int("start", Rows)), crop]);
        var start = graph.Node("Div", [room, graph.Longs(2)]);
        return graph.Node("Slice", [image, start, graph.Node("Add", [start, crop]), graph.Longs(Rows, Columns)]);
    }

    private static string Normalise(GraphWriter graph, string image, ImageOptions options)
    {
        image = graph.Node("Mul", [image, graph.Floats([(float)options.Scale])]);
        image = graph.Node("Sub", [image, PerChannel(graph, options.Mean)]);
        return graph.Node("Div", [image, PerChannel(graph, options.Std)]);
    }

    private static string PerChannel(GraphWriter graph, IReadOnlyList<double> values) =>
        graph.Floats([.. values.Select(value => (float)value)], values.Count, 1, 1);
}
