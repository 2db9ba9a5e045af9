namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <param name="input">Any tensor that the mode can pad.</param>
            /// <param name="pad">(before, after) of the last dimension, then of the one before it, and so on; negative to crop.</param>
            /// <param name="mode">Zeros and Constant fill; the others copy from the tensor.</param>
            /// <param name="value">What Constant pads with.</param>
            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0) => mode switch
            {
                PaddingModes.Zeros => Aten.pad.Call(input, pad, "constant", 0.0),
                PaddingModes.Constant => Aten.pad.Call(input, pad, "constant", value),
                _ => Aten.pad.Call(input, pad, mode.ToString().ToLowerInvariant()),
            };

            public static Tensor pad(Tensor input, ReadOnlySpan<long> pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, pad.ToArray(), mode, value);

            public static Tensor pad(Tensor input, (long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, (long[])[pad.Item1, pad.Item2], mode, value);

            public static Tensor pad(
                Tensor input, (long, long, long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, (long[])[pad.Item1, pad.Item2, pad.Item3, pad.Item4], mode, value);

            /// <summary>Reads the input at the grid's coordinates, which run from -1 to 1.</summary>
            public static Tensor grid_sample(
                Tensor input, Tensor grid, GridSampleMode mode = GridSampleMode.Bilinear,
                GridSamplePaddingMode padding_mode = GridSamplePaddingMode.Zeros, bool? align_corners = null) =>
                Aten.grid_sampler.Call(
                    input, grid,
                    mode == GridSampleMode.Bilinear ? 0 : 1,
                    padding_mode switch { GridSamplePaddingMode.Zeros => 0, GridSamplePaddingMode.Border => 1, _ => 2 },
                    align_corners ?? false);

            public static Tensor affine_grid(Tensor theta, long[]? size = null, bool align_corners = false) =>
                Aten.affine_grid_generator.Call(theta, size, align_corners);

            /// <summary>Resizes the spatial dimensions to a size, or by factors.</summary>
            /// <param name="x">(N, C, ...) with one to three spatial dimensions.</param>
            /// <param name="size">The spatial sizes of the result, unless factors are given.</param>
            /// <param name="scale_factor">A factor per spatial dimension.</param>
            /// <param name="mode">How to interpolate; linear, bilinear and trilinear fit one, two and three dimensions.</param>
            /// <param name="align_corners">Whether the corner elements' centres are kept in place.</param>
            /// <param name="recompute_scale_factor">Turn factors into sizes, then compute with those.</param>
            /// <param name="antialias">Not supported.</param>
            public static Tensor interpolate(
                Tensor x, long[]? size = null, double[]? scale_factor = null, InterpolationMode mode = InterpolationMode.Nearest,
                bool? align_corners = null, bool recompute_scale_factor = false, bool antialias = false)
            {
                if (antialias)
                    throw new NotSupportedException("interpolate: antialias is not supported.");
                if (size is null == scale_factor is null)
                    throw new ArgumentException("interpolate needs either size or scale_factor.");
                if (scale_factor is not null && (recompute_scale_factor || mode == InterpolationMode.Area))
                {
                    var sizes = x.shape;
                    size = [.. scale_factor.Select((factor, i) => (long)Math.Floor(sizes[i + 2] * factor))];
                    scale_factor = null;
                }

                var align = align_corners ?? false;
                var spatial = x.ndim - 2;
                return (mode, spatial) switch
                {
                    (InterpolationMode.Nearest, 1) => Aten.upsample_nearest1d_vec.Call(x, size, scale_factor),
                    (InterpolationMode.Nearest, 2) => Aten.upsample_nearest2d_vec.Call(x, size, scale_factor),
                    (InterpolationMode.Nearest, 3) => Aten.upsample_nearest3d_vec.Call(x, size, scale_factor),
                    (InterpolationMode.NearestExact, 1) => Aten._upsample_nearest_exact1d_vec.Call(x, size, scale_factor),
                    (InterpolationMode.NearestExact, 2) => Aten._upsample_nearest_exact2d_vec.Call(x, size, scale_factor),
                    (InterpolationMode.NearestExact, 3) => Aten._upsample_nearest_exact3d_vec.Call(x, size, scale_factor),
                    (InterpolationMode.Linear, 1) => Aten.upsample_linear1d_vec.Call(x, size, align, scale_factor),
                    (InterpolationMode.Bilinear, 2) => Aten.upsample_bilinear2d_vec.Call(x, size, align, scale_factor),
                    (InterpolationMode.Bicubic, 2) => Aten.upsample_bicubic2d_vec.Call(x, size, align, scale_factor),
                    (InterpolationMode.Trilinear, 3) => Aten.upsample_trilinear3d_vec.Call(x, size, align, scale_factor),
                    (InterpolationMode.Area, 1) => Aten.adaptive_avg_pool1d.Call(x, size),
                    (InterpolationMode.Area, 2) => Aten.adaptive_avg_pool2d.Call(x, size),
                    (InterpolationMode.Area, 3) => Aten.adaptive_avg_pool3d.Call(x, size),
                    _ => throw new ArgumentException($"interpolate: {mode} does not fit an input with {spatial} spatial dimensions."),
                };
            }
        }
    }
}
