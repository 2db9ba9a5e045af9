namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>y = x Wᵀ + b, over the last dimension.</summary>
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => Aten.linear.Call(input, weights, bias);

            public static Tensor bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias = null) =>
                Aten.bilinear.Call(input1, input2, weight, bias);

            /// <param name="input">(N, C, L).</param>
            /// <param name="weight">(outputs, C / groups, kernel).</param>
            /// <param name="bias">(outputs).</param>
            /// <param name="stride">1 by default.</param>
            /// <param name="padding">Zeros at each end; 0 by default.</param>
            /// <param name="dilation">1 by default.</param>
            /// <param name="groups">Groups of channels that are convolved apart.</param>
            public static Tensor conv1d(
                Tensor input, Tensor weight, Tensor? bias = null, long? stride = null, long? padding = null, long? dilation = null,
                long groups = 1) =>
                Aten.conv1d.Call(input, weight, bias, stride ?? 1, padding ?? 0, dilation ?? 1, groups);

            public static Tensor conv2d(
                Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? dilation = null,
                long groups = 1) =>
                Aten.conv2d.Call(input, weight, bias, strides ?? [1, 1], padding ?? [0, 0], dilation ?? [1, 1], groups);

            public static Tensor conv3d(
                Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? dilation = null,
                long groups = 1) =>
                Aten.conv3d.Call(input, weight, bias, strides ?? [1, 1, 1], padding ?? [0, 0, 0], dilation ?? [1, 1, 1], groups);

            public static Tensor conv_transpose1d(
                Tensor input, Tensor weight, Tensor? bias = null, long? stride = null, long? padding = null, long? output_padding = null,
                long? dilation = null, long groups = 1) =>
                Aten.conv_transpose1d.Call(input, weight, bias, stride ?? 1, padding ?? 0, output_padding ?? 0, groups, dilation ?? 1);

            public static Tensor conv_transpose2d(
                Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null,
                long[]? output_padding = null, long[]? dilation = null, long groups = 1) =>
                Aten.conv_transpose2d_input.Call(
                    input, weight, bias, strides ?? [1, 1], padding ?? [0, 0], output_padding ?? [0, 0], groups, dilation ?? [1, 1]);

            public static Tensor conv_transpose3d(
                Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null,
                long[]? output_padding = null, long[]? dilation = null, long groups = 1) =>
                Aten.conv_transpose3d_input.Call(
                    input, weight, bias, strides ?? [1, 1, 1], padding ?? [0, 0, 0], output_padding ?? [0, 0, 0], groups,
                    dilation ?? [1, 1, 1]);

            public static Tensor one_hot(Tensor x, long num_classes = -1) => Aten.one_hot.Call(x, num_classes);

            public static Tensor pixel_shuffle(Tensor input, long upscale_factor) => Aten.pixel_shuffle.Call(input, upscale_factor);

            public static Tensor pixel_unshuffle(Tensor input, long downscale_factor) =>
                Aten.pixel_unshuffle.Call(input, downscale_factor);
        }
    }
}
