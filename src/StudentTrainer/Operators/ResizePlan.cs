using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>A resize of inputs of one shape: per changed axis, which elements to take, or with which weights.</summary>
internal sealed class ResizePlan
{
    private readonly ResizeRule rule;
    private readonly long[] shape;
    private readonly ResizeAxis[] resized;
    private readonly (ResizeAxis Axis, long[]? Indices, float[]? Weights, bool[]? Outside)[] axes;
    private readonly InterpolationMode? libtorch;
    private readonly long[] size;

    /// <summary>Makes the plan.</summary>
    /// <param name="rule">How to interpolate.</param>
    /// <param name="shape">The input's shape.</param>
    /// <param name="resized">The axes that may change.</param>
    public ResizePlan(ResizeRule rule, long[] shape, ResizeAxis[] resized)
    {
        (this.rule, this.shape, this.resized) = (rule, shape, resized);
        var nearest = rule.Mode == "nearest";
        var isSame = rule.Coordinates != ResizeCoordinates.Crop && Array.TrueForAll(resized, axis => axis.Size == axis.Length);
        axes =
        [
            .. resized.Where(axis => !isSame && !axis.IsIdentity)
                .Select(axis => (axis, nearest ? rule.Indices(axis) : null, nearest ? null : rule.Weights(axis), rule.Outside(axis))),
        ];
        var output = (long[])shape.Clone();
        foreach (var (axis, _, _, _) in axes)
            output[axis.Dim] = axis.Length;
        (libtorch, size) = (FindLibtorchMode(shape.Length), output.Length > 2 ? output[2..] : []);
    }

    /// <summary>Whether the plan was made for this.</summary>
    public bool IsFor(long[] shape, ResizeAxis[] resized) =>
        this.shape.AsSpan().SequenceEqual(shape) && this.resized.AsSpan().SequenceEqual(resized);

    /// <summary>Resizes.</summary>
    public Tensor Apply(Tensor x)
    {
        if (axes.Length == 0)
            return x.alias();
        if (libtorch is { } mode && x.is_floating_point())
            return nn.functional.interpolate(x, size, mode: mode, align_corners: mode == InterpolationMode.Nearest ? null : AlignsCorners);
        var result = rule.Mode == "nearest" ? Select(x) : Interpolate(x);
        foreach (var (axis, _, _, outside) in axes)
        {
            if (outside is not null)
                result = result.MaskedFill(Along(tensor(outside, device: x.device), axis.Dim, x.ndim), rule.Extrapolation);
        }
        return result;
    }

    private bool AlignsCorners => rule.Coordinates == "align_corners";

    private Tensor Select(Tensor x)
    {
        foreach (var (axis, indices, _, _) in axes)
            x = x.index_select(axis.Dim, tensor(indices!, device: x.device));
        return x;
    }

    private Tensor Interpolate(Tensor x)
    {
        if (!x.is_floating_point() && (rule.Mode == "cubic" || rule.Antialias))
            throw new ArgumentException("cubic and antialiased resizing is for floats; the input holds integers");
        var type = x.is_floating_point() ? x.dtype : float32;
        var result = x.to(type);
        foreach (var (axis, _, weights, _) in axes)
        {
            var matrix = tensor(weights!, [axis.Length, axis.Size]).to(type, x.device);
            result = axis.Dim == x.ndim - 1 ? MatrixProduct.Of(result, matrix.t())
                : axis.Dim == x.ndim - 2 ? MatrixProduct.Of(matrix, result)
                : MatrixProduct.Of(matrix, result.transpose(axis.Dim, -2)).transpose(axis.Dim, -2);
        }
        return result.to(x.dtype);
    }

    /// <summary>libtorch's mode that does the same, faster; <c>null</c> if there is none.</summary>
    private InterpolationMode? FindLibtorchMode(int rank)
    {
        if (rank is < 3 or > 5 || Array.Exists(axes, axis => axis.Axis.Dim < 2 || axis.Outside is not null))
            return null;
        if (rule.Mode == "nearest")
        {
            var equal = Array.TrueForAll(axes, axis => axis.Indices.AsSpan().SequenceEqual(LibtorchNearest(axis.Axis)));
            return equal ? InterpolationMode.Nearest : null;
        }
        var same = rule is { Mode: "linear", Antialias: false } && Array.TrueForAll(axes, axis => IsLibtorchLinear(axis.Axis));
        return !same ? null : rank switch
        {
            3 => InterpolationMode.Linear,
            4 => InterpolationMode.Bilinear,
            _ => InterpolationMode.Trilinear,
        };
    }

    private bool IsLibtorchLinear(ResizeAxis axis) =>
        AlignsCorners
        || (rule.Coordinates == "half_pixel" || rule.Coordinates == "pytorch_half_pixel" && axis.Length > 1)
            && axis.Scale == axis.Length / (float)axis.Size;

    private static long[] LibtorchNearest(ResizeAxis axis)
    {
        var step = axis.Size / (float)axis.Length;
        var indices = new long[axis.Length];
        for (var i = 0; i < indices.Length; i++)
            indices[i] = Math.Min((long)MathF.Floor(i * step), axis.Size - 1);
        return indices;
    }

    private static Tensor Along(Tensor vector, int dim, long rank)
    {
        var shape = Enumerable.Repeat(1L, (int)rank).ToArray();
        shape[dim] = -1;
        return vector.reshape(shape);
    }
}
