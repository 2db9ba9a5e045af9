using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Resize and Upsample against ONNX Runtime, over versions, modes and the ways to say the size.</summary>
public class ResizingTests
{
    private static readonly float[] Image = Numbers.Uniform(1, 2 * 3 * 5 * 7);
    private static readonly long[] ImageShape = [2, 3, 5, 7];

    public static TheoryData<string, string, float[], int> Modes
    {
        get
        {
            var data = new TheoryData<string, string, float[], int>();
            string[] coordinates = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"];
            float[][] scales = [[1, 1, 2, 3], [1, 1, 1.3f, 2.6f], [1, 1, 0.6f, 0.45f], [1, 1, 0.7f, 1]];
            foreach (var mode in new[] { "nearest", "linear", "cubic" })
            {
                foreach (var coordinate in coordinates)
                {
                    foreach (var scale in scales)
                        data.Add(mode, coordinate, scale, 19);
                }
                data.Add(mode, "half_pixel", scales[1], 13);
                data.Add(mode, "align_corners", scales[0], 11);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Resize_OfScales_EqualsOnnxRuntime(string mode, string coordinates, float[] scales, int opset) =>
        RequireParity(Scaled(opset, scales, ("mode", mode), ("coordinate_transformation_mode", coordinates)));

    [Theory]
    [MemberData(nameof(Modes))]
    public void Resize_OfSizes_EqualsOnnxRuntime(string mode, string coordinates, float[] scales, int opset)
    {
        var sizes = ImageShape.Zip(scales, (size, scale) => (long)(size * scale)).ToArray();
        RequireParity(Sized(opset, sizes, ("mode", mode), ("coordinate_transformation_mode", coordinates)));
    }

    [Theory]
    [InlineData("round_prefer_floor", "half_pixel")]
    [InlineData("round_prefer_ceil", "half_pixel")]
    [InlineData("floor", "half_pixel")]
    [InlineData("ceil", "half_pixel")]
    [InlineData("round_prefer_floor", "asymmetric")]
    [InlineData("round_prefer_ceil", "asymmetric")]
    [InlineData("floor", "asymmetric")]
    [InlineData("ceil", "asymmetric")]
    [InlineData("floor", "align_corners")]
    [InlineData("ceil", "tf_half_pixel_for_nn", 11)]
    [InlineData("round_prefer_floor", "tf_half_pixel_for_nn", 11)]
    public void Resize_OfNearestMode_EqualsOnnxRuntime(string nearest, string coordinates, int opset = 19)
    {
        foreach (var sizes in new long[][] { [2, 3, 10, 14], [2, 3, 3, 4], [2, 3, 8, 3], [2, 3, 1, 1], [4, 3, 5, 9] })
            RequireParity(Sized(opset, sizes, ("nearest_mode", nearest), ("coordinate_transformation_mode", coordinates)));
    }

    /// <summary>Places that are whole or half in exact arithmetic, and beside it in float32.</summary>
    [Theory]
    [InlineData(7, 4)]
    [InlineData(14, 19)]
    [InlineData(14, 1)]
    [InlineData(10, 6)]
    [InlineData(3, 13)]
    [InlineData(11, 29)]
    public void Resize_OfPlacesAtRoundings_EqualsOnnxRuntime(int size, int length)
    {
        foreach (var coordinates in new[] { "half_pixel", "half_pixel_symmetric", "asymmetric" })
        {
            foreach (var nearest in new[] { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" })
            {
                var model = new NodeModel(19, 1, 1, 1, size).Integers("sizes", 1, 1, 1, length)
                    .Node("Resize", "x   sizes", "y", ("coordinate_transformation_mode", coordinates), ("nearest_mode", nearest)).Build();
                Oracle.RequireParity(model, Numbers.Uniform(3, size), [1, 1, 1, size]);
            }
        }
    }

    [Theory]
    [InlineData("linear", 0)]
    [InlineData("linear", 1)]
    [InlineData("cubic", 0)]
    [InlineData("cubic", 1)]
    public void Resize_WithAntialiasing_EqualsOnnxRuntime(string mode, int excludeOutside)
    {
        foreach (var sizes in new long[][] { [2, 3, 2, 3], [2, 3, 3, 14], [2, 3, 9, 8] })
            RequireParity(Sized(18, sizes, ("mode", mode), ("antialias", 1), ("exclude_outside", excludeOutside)));
    }

    [Theory]
    [InlineData(-0.5, 0)]
    [InlineData(-0.5, 1)]
    [InlineData(-0.75, 1)]
    public void Resize_OfCubicCoefficient_EqualsOnnxRuntime(double a, int excludeOutside)
    {
        foreach (var scales in new float[][] { [1, 1, 0.6f, 0.6f], [1, 1, 1.7f, 2] })
            RequireParity(Scaled(13, scales, ("mode", "cubic"), ("cubic_coeff_a", a), ("exclude_outside", excludeOutside)));
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("nearest")]
    [InlineData("cubic")]
    public void Resize_OfCrop_EqualsOnnxRuntime(string mode)
    {
        float[][] crops = [[0, 0, 0.4f, 0.6f, 1, 1, 0.6f, 0.8f], [0, 0, -0.3f, 0.5f, 1, 1, 1.2f, 1.7f], [0, 0, 0, 0, 1, 1, 1, 1]];
        foreach (var roi in crops)
        {
            var model = Image4().Floats("roi", roi, 8).Integers("sizes", 2, 3, 4, 6)
                .Node("Resize", "x roi  sizes", "y", ("mode", mode), ("coordinate_transformation_mode", "tf_crop_and_resize"),
                    ("extrapolation_value", 10.5)).Build();
            RequireParity(model);
        }
    }

    [Theory]
    [InlineData("stretch")]
    [InlineData("not_larger")]
    [InlineData("not_smaller")]
    public void Resize_OfPolicyAndAxes_EqualsOnnxRuntime(string policy)
    {
        foreach (var mode in new[] { "nearest", "linear" })
        {
            foreach (var sizes in new long[][] { [9, 8], [3, 6], [12, 20] })
            {
                (string, object)[] attributes = [("mode", mode), ("keep_aspect_ratio_policy", policy), ("axes", new[] { 2, 3 })];
                RequireParity(Image4(18).Integers("sizes", sizes).Node("Resize", "x   sizes", "y", attributes).Build());
            }
        }
    }

    [Fact]
    public void Resize_OfNegativeAxesAndScales_EqualsOnnxRuntime() =>
        RequireParity(Image4(18).Floats("scales", [2, 0.5f], 2)
            .Node("Resize", "x  scales", "y", ("mode", "linear"), ("axes", new[] { -1, -2 })).Build());

    [Theory]
    [InlineData("nearest", 3)]
    [InlineData("linear", 3)]
    [InlineData("nearest", 1)]
    [InlineData("linear", 1)]
    public void Resize_OfOneAndThreeAxes_EqualsOnnxRuntime(string mode, int axes)
    {
        long[] shape = axes == 1 ? [2, 3, 35] : [2, 3, 5, 1, 7];
        float[] scales = axes == 1 ? [1, 1, 1.6f] : [1, 1, 2, 3, 0.5f];
        var model = new NodeModel(13, [.. shape.Select(size => (Dim)size)]).Floats("scales", scales, scales.Length)
            .Node("Resize", "x  scales", "y", ("mode", mode)).Build();
        Oracle.RequireParity(model, Image, shape);
    }

    [Theory]
    [InlineData("Upsample", 9, "nearest", 2f, 3f)]
    [InlineData("Upsample", 9, "linear", 2f, 3f)]
    [InlineData("Upsample", 9, "nearest", 1.5f, 1.3f)]
    [InlineData("Resize", 10, "nearest", 2f, 3f)]
    [InlineData("Resize", 10, "linear", 1.5f, 2.5f)]
    [InlineData("Resize", 10, "nearest", 0.6f, 0.6f)]
    [InlineData("Resize", 10, "nearest", 0.5f, 1.7f)]
    [InlineData("Resize", 10, "linear", 0.6f, 0.45f)]
    public void Resize_BeforeElevenAndUpsample_EqualsOnnxRuntime(string op, int opset, string mode, float rows, float columns) =>
        RequireParity(Image4(opset).Floats("scales", [1, 1, rows, columns], 4).Node(op, "x scales", "y", ("mode", mode)).Build());

    [Theory]
    [InlineData("nearest")]
    [InlineData("linear")]
    public void Upsample_OfScalesAttribute_EqualsOnnxRuntime(string mode) =>
        RequireParity(Image4(7).Node("Upsample", "x", "y", ("mode", mode), ("scales", new[] { 1.0, 1, 2, 2.5 })).Build());

    [Fact]
    public void Resize_OfComputedSizes_EqualsOnnxRuntime()
    {
        var model = Image4().Integers("factors", 1, 1, 2, 2)
            .Node("Shape", "x", "shape").Node("Mul", "shape factors", "sizes").Node("Resize", "x   sizes", "y", ("mode", "linear")).Build();
        RequireParity(model);
    }

    [Fact]
    public void Resize_OfScaleThatRoundsInDouble_HasOnnxRuntimesSize() // 10 · 0.7f is 6.99999988 in double, and 7 in float
    {
        var model = new NodeModel(13, 1, 1, 10, 10).Floats("scales", [1, 1, 0.7f, 0.7f], 4).Node("Resize", "x  scales", "y").Build();
        Oracle.RequireParity(model, Numbers.Uniform(2, 100), [1, 1, 10, 10]);
    }

    [Theory]
    [InlineData("mode", "area", "nearest, linear, cubic")]
    [InlineData("coordinate_transformation_mode", "half", "half_pixel")]
    [InlineData("nearest_mode", "round", "round_prefer_floor")]
    [InlineData("keep_aspect_ratio_policy", "none", "stretch")]
    public void Resize_OfUnknownName_IsRefused(string attribute, string value, string expected)
    {
        var error = Assert.Throws<UnsupportedModelException>(
            () => Programs.Compile(Scaled(18, [1, 1, 2, 2], (attribute, value))));
        Assert.Contains(attribute, error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Resize_OfTooFewScales_NamesNode()
    {
        var error = Assert.Throws<InputException>(() => Oracle.Executor(Scaled(13, [1, 1, 2]), Image, ImageShape));
        Assert.Contains("3 scales for 4 axes", error.Message);
        Assert.Contains("y_node", error.Message);
    }

    private static NodeModel Image4(int opset = 13) => new(opset, [.. ImageShape.Select(size => (Dim)size)]);

    private static OnnxModel Scaled(int opset, float[] scales, params (string, object)[] attributes) =>
        Image4(opset).Floats("scales", scales, scales.Length).Floats("roi", [], 0).Node("Resize", "x roi scales", "y", attributes).Build();

    private static OnnxModel Sized(int opset, long[] sizes, params (string, object)[] attributes) =>
        Image4(opset).Integers("sizes", sizes).Floats("none", [], 0).Node("Resize", "x none none sizes", "y", attributes).Build();

    private static void RequireParity(OnnxModel model) => Oracle.RequireParity(model, Image, ImageShape);
}
