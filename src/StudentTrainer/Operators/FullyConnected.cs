using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// A layer, x W + b or max(x W + b, 0), and its gradients on the CPU, shared out among libtorch's threads: each computes its own part of a
/// product, and the products of the backward pass are computed side by side. When OpenBLAS shares a product out itself, its threads wait
/// for one another several times, and libtorch waits for all of them after each product.
/// </summary>
internal sealed class FullyConnected : autograd.SingleTensorFunction<FullyConnected>
{
    private const string Settings = "layer";

    /// <summary>Rows whose gradients are added up in float32; such sums are added up in float64.</summary>
    private const int SumRows = 128;

    /// <summary>Columns that are added up at a time, on the stack.</summary>
    private const int SumColumns = 1 << 10;

    /// <summary>Values that are worth a thread of their own.</summary>
    private const int MaskWork = 1 << 15;

    /// <inheritdoc/>
    public override string Name => nameof(FullyConnected);

    /// <summary>Whether it can be done here.</summary>
    /// <param name="x">Rows × inputs.</param>
    /// <param name="weights">Inputs × units, or units × inputs.</param>
    /// <param name="bias">Units; <c>null</c>: none.</param>
    public static bool Suits(Tensor x, Tensor weights, Tensor? bias) =>
        x.ndim == 2 && weights.ndim == 2 && x.numel() > 0 && weights.numel() > 0
        && HostMemory.HoldsFloats(x) && HostMemory.HoldsFloats(weights) && weights.is_contiguous()
        && (bias is null || (bias.ndim == 1 && bias.numel() * x.shape[1] == weights.numel() && HostMemory.HoldsFloats(bias) && bias.is_contiguous()))
        && Blas.IsAvailable && HostThreads.AreLibtorchs;

    /// <summary>Computes a layer.</summary>
    /// <param name="x">Rows × inputs.</param>
    /// <param name="weights">Inputs × units.</param>
    /// <param name="bias">Units; <c>null</c>: none.</param>
    /// <param name="unitsFirst">Whether the weights are units × inputs instead.</param>
    /// <param name="withRelu">Whether what is below 0 becomes 0.</param>
    /// <returns>Rows × units.</returns>
    public static Tensor Apply(Tensor x, Tensor weights, Tensor? bias, bool unitsFirst, bool withRelu)
    {
        var layer = new Layer(unitsFirst, withRelu, bias is not null, x.requires_grad, weights.requires_grad, bias?.requires_grad == true);
        return bias is null ? apply(x, weights, layer) : apply(x, weights, layer, bias);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, weights, layer) = (((Tensor)vars[0]).contiguous(), (Tensor)vars[1], (Layer)vars[2]);
        var y = empty([x.shape[0], weights.shape[layer.UnitsFirst ? 0 : 1]], float32, CPU);
        Run([new(new(x), layer.Matrix(weights), new(y))
        {
            Bias = layer.HasBias ? new HostMatrix(((Tensor)vars[3]).unsqueeze(0)) : null, IsRectified = layer.WithRelu,
        }]);
        ctx.save_data(Settings, layer);
        ctx.save_for_backward(layer.WithRelu ? [x, weights, y] : [x, weights]);
        return y;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var (saved, layer) = (ctx.get_saved_variables(), (Layer)ctx.get_data(Settings));
        var (x, weights) = (saved[0], saved[1]);
        var ofProduct = new HostMatrix(layer.WithRelu ? WhereAboveZero(saved[2], grad_output.contiguous()) : grad_output.contiguous());
        var ofInput = layer.IsInputTrained ? empty_like(x) : null;
        var ofWeights = layer.AreWeightsTrained ? empty_like(weights) : null;
        var ofBias = layer.IsBiasTrained ? empty([ofProduct.Columns], float32, CPU) : null;

        var products = new List<HostProduct>();
        if (ofWeights is not null)
            products.Add(new(new HostMatrix(x).Transposed, ofProduct, layer.Matrix(ofWeights)));
        if (ofInput is not null)
            products.Add(new(ofProduct, layer.Matrix(weights).Transposed, new(ofInput)));
        Run(products, ofBias is null ? [] : SumsOfColumns(ofProduct, new(ofBias)));
        return [ofInput!, ofWeights!, null!, .. layer.HasBias ? new[] { ofBias! } : []];
    }

    private static void Run(IEnumerable<HostProduct> products, params IEnumerable<Action> others)
    {
        Action[] parts = [.. products.SelectMany(product => product.Split(get_num_threads())).Select(piece => (Action)piece.Run), .. others];
        HostThreads.Run(parts.Length, i => parts[i]());
    }

    /// <summary>The gradient of max(·, 0): that of its result where this is above 0.</summary>
    private static Tensor WhereAboveZero(Tensor result, Tensor gradient)
    {
        var masked = empty_like(gradient);
        var (from, to, signs) = (new HostMemory<float>(gradient), new HostMemory<float>(masked), new HostMemory<float>(result));
        HostThreads.Run((to.Length + MaskWork - 1) / MaskWork, piece =>
        {
            var (start, count) = (piece * MaskWork, Math.Min(MaskWork, to.Length - piece * MaskWork));
            ReadOnlySpan<float> slope = from.Slice(start, count), value = signs.Slice(start, count);
            var kept = to.Slice(start, count);
            for (var i = 0; i < count; i += Lanes.Count)
                Lanes.Store(Vector512.AndNot(Lanes.Load(slope, i), Vector512.LessThanOrEqual(Lanes.Load(value, i), default)), kept, i);
        });
        return masked;
    }

    /// <summary>Adds up the rows of a matrix, some columns at a time.</summary>
    private static IEnumerable<Action> SumsOfColumns(HostMatrix matrix, HostMemory<float> sums)
    {
        for (var column = 0; column < matrix.Columns; column += SumColumns)
        {
            var (start, rows) = (column, matrix.ColumnRange(column, Math.Min(SumColumns, matrix.Columns - column)));
            yield return () => AddRows(rows, sums.Slice(start, rows.Columns));
        }
    }

    private static void AddRows(HostMatrix rows, Span<float> sums)
    {
        Span<float> part = stackalloc float[sums.Length];
        Span<double> total = stackalloc double[sums.Length];
        total.Clear();
        for (var first = 0; first < rows.Rows; first += SumRows)
        {
            rows.Row(first).CopyTo(part);
            for (var row = first + 1; row < Math.Min(first + SumRows, rows.Rows); row++)
                TensorPrimitives.Add(part, rows.Row(row), part);
            for (var i = 0; i < part.Length; i++)
                total[i] += part[i];
        }
        for (var i = 0; i < sums.Length; i++)
            sums[i] = (float)total[i];
    }

    /// <summary>What is known of a layer beside its tensors; a tensor is trained if it, or what it was computed from, wants a gradient.</summary>
    private sealed record Layer(
        bool UnitsFirst, bool WithRelu, bool HasBias, bool IsInputTrained, bool AreWeightsTrained, bool IsBiasTrained)
    {
        /// <summary>The weights, or their gradient, as inputs × units.</summary>
        public HostMatrix Matrix(Tensor weights) => UnitsFirst ? new HostMatrix(weights).Transposed : new(weights);
    }
}
