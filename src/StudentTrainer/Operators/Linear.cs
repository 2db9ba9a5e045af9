using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Matrix products.</summary>
internal static class Linear
{
    // Products of matrices with no more multiplications are not given to oneDNN.
    private const long SmallProduct = 16 * 16 * 16;

    public static Kernel Gemm1(NodeContext node)
    {
        _ = node.Attributes.GetInt("broadcast", 0); // C may be smaller in any case
        return Gemm7(node);
    }

    /// <summary>
    /// alpha · A' B' + beta · C. Factors and transposes are applied while running, so that the weights stay those of the file.
    /// </summary>
    public static Kernel Gemm7(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        var beta = node.Attributes.GetFloat("beta", 1);
        var transA = node.Attributes.GetInt("transA", 0) != 0;
        var transB = node.Attributes.GetInt("transB", 0) != 0;
        return x =>
        {
            var a = transA ? x[0].t() : x[0];
            var b = transB ? x[1].t() : x[1];
            if (x[0].is_integral())
                return [Integers(a.mm(b), x.Optional(2), alpha, beta)];
            if (x.Optional(2) is { } c)
                return [c.addmm(a, b, beta, alpha)];
            return [alpha == 1 ? a.mm(b) : a.mm(b).Mul(alpha)];
        };
    }

    public static int GemmUnitAxis(NodeContext node) => node.Attributes.GetInt("transB", 0) != 0 ? 0 : 1;

    public static Kernel MatMul(NodeContext node) => x => [MatrixProduct.Of(x[0], x[1])];

    /// <summary>x W + b, over the last axis of x: one product of matrices, which adds to the bias.</summary>
    public static Kernel MatMulWithBias(NodeContext node) => x =>
    {
        if (x[0].ndim < 2)
            return [MatrixProduct.Of(x[0], x[1]).Add(x[2])];
        var rows = x[0].ndim == 2 ? x[0] : x[0].flatten(0, -2);
        var product = x[2].addmm(rows, x[1]);
        return [x[0].ndim == 2 ? product : product.reshape([.. x[0].shape[..^1], x[1].shape[1]])];
    };

    public static int MatMulUnitAxis(NodeContext node) => (node.RankOf(1) ?? 1) - 1;

    /// <summary>Sums of products, named by letters: <c>bij,bjk->bik</c>.</summary>
    public static Kernel Einsum(NodeContext node)
    {
        var equation = node.Attributes.GetString("equation");
        return x => [einsum(equation, x.All())];
    }

    /// <summary>
    /// Whether oneDNN does a product of bfloat16 on the CPU: surely where it is as large as this, whichever of the operands is transposed.
    /// Smaller ones are added up by libtorch itself, which rounds each sum on the way to 8 bits.
    /// </summary>
    public static bool IsForOneDnn(StepInputs x) =>
        HalfPrecision.MultipliesBFloat16 && x[0].ndim > 1 && x[1].ndim > 1
        && Math.Max(MatrixElements(x[0]), MatrixElements(x[1])) > SmallProduct;

    private static long MatrixElements(Tensor x) => x.size(-2) * x.size(-1);

    /// <summary>libtorch takes no fractions as factors of integers.</summary>
    private static Tensor Integers(Tensor product, Tensor? c, double alpha, double beta)
    {
        var scaled = alpha == 1 ? product : product.Mul(alpha).to(product.dtype);
        if (c is null)
            return scaled;
        return scaled.Add(beta == 1 ? c : c.Mul(beta).to(c.dtype));
    }
}
