using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.TorchSharp.Tests;

/// <summary>Operators against values worked by hand: each shows that its arguments arrive where they belong.</summary>
public class OperatorTests
{
    private static Tensor X => tensor(new[] { -2.0, -0.5, 0, 1, 3 });
    private static Tensor M => tensor(new double[,] { { 1, 2, 3 }, { 4, 5, 6 } });
    private static Tensor I => tensor(new long[] { 7, -7, 6 });

    public static TheoryData<string, Func<Tensor>, double[]> Values => new()
    {
        // Arithmetic.
        { "add with alpha", () => X.add(X, 10), [-22, -5.5, 0, 11, 33] },
        { "operators", () => (1 - X) * 2 + X / 4 - 3.5f, [2, -0.625, -1.5, -3.25, -6.75] },
        { "scalar over tensor", () => 6 / M, [6, 3, 2, 1.5, 1.2, 1] },
        { "unary minus", () => -X, [2, 0.5, 0, -1, -3] },
        { "integer truncation", () => I.div(2, RoundingMode.trunc), [3, -3, 3] },
        { "integer floor", () => I.div(2, RoundingMode.floor), [3, -4, 3] },
        { "true division of integers", () => I.div(2), [3.5, -3.5, 3] },
        { "fmod keeps the dividend's sign", () => I.fmod(4), [3, -3, 2] },
        { "remainder takes the divisor's", () => I % 4, [3, 1, 2] },
        { "pow", () => X.pow(2), [4, 0.25, 0, 1, 9] },
        { "pow of tensor", () => M.pow(tensor(new double[] { 0, 1, 2 })), [1, 2, 9, 1, 5, 36] },
        { "addcmul", () => X.addcmul(X, X, 2), [6, 0, 0, 3, 21] },
        { "lerp", () => lerp(zeros(2), full(2, 8), tensor(new[] { 0.25f, 0.5f })), [2, 4] },
        { "clamp", () => X.clamp(-1, 2), [-1, -0.5, 0, 1, 2] },
        { "clamp from below", () => X.clamp(min: 0), [0, 0, 0, 1, 3] },
        { "clamp by tensors", () => X.clamp(max: full(5, 0.5)), [-2, -0.5, 0, 0.5, 0.5] },
        { "maximum", () => X.maximum(X.neg()), [2, 0.5, 0, 1, 3] },
        { "atan2", () => arctan(ones(1), zeros(1)), [Math.PI / 2] },
        { "xlogy", () => xlogy(tensor(new[] { 0.0, 2 }), tensor(new[] { 0.0, Math.E })), [0, 2] },
        // One argument.
        { "round is half to even", () => tensor(new[] { 0.5, 1.5, 2.5, -0.5 }).round(), [0, 2, 2, 0] },
        { "round to decimals", () => tensor(new[] { 1.234, 5.678 }).round(1), [1.2, 5.7] },
        { "erf", () => tensor(new[] { 0.5 }).erf(), [0.5204998778] },
        { "sign", () => X.sign(), [-1, -1, 0, 1, 1] },
        { "rsqrt", () => tensor(new[] { 4.0 }).rsqrt(), [0.5] },
        { "logit", () => tensor(new[] { 0.0, 0.5 }).logit(1e-3), [Math.Log(1e-3 / (1 - 1e-3)), 0] },
        { "nan_to_num", () => tensor(new[] { double.NaN, double.PositiveInfinity }).nan_to_num(1, 2, 3), [1, 2] },
        { "isfinite", () => tensor(new[] { double.NaN, double.NegativeInfinity, 1 }).isfinite(), [0, 0, 1] },
        // Comparison and logic.
        { "comparisons", () => (X > 0).add(X >= 0).@long() + (X == 1).@long() * 10, [0, 0, 1, 11, 1] },
        { "scalar first", () => 1 < X, [0, 0, 0, 0, 1] },
        { "ne", () => X.ne(1), [1, 1, 1, 0, 1] },
        { "logic", () => (X > -1) & ~(X > 0) | (X == 3), [0, 1, 1, 0, 1] },
        { "bits", () => tensor(new[] { 6 }).bitwise_xor(tensor(new[] { 3 })), [5] },
        { "shift", () => tensor(new[] { 3 }).bitwise_left_shift(tensor(new[] { 2 })), [12] },
        { "where", () => where(X > 0, X, zeros_like(X)), [0, 0, 0, 1, 3] },
        { "isin", () => isin(I, tensor(new long[] { 6, 7 })), [1, 0, 1] },
        // Reductions.
        { "sum", () => M.sum(), [21] },
        { "sum of a dimension", () => M.sum(0L), [5, 7, 9] },
        { "sum of dimensions", () => M.sum(0, 1, keepdim: true), [21] },
        { "sum as a type", () => I.sum(ScalarType.Float64), [6] },
        { "mean", () => M.mean([1]), [2, 5] },
        { "prod", () => M.prod(1), [6, 120] },
        { "var", () => M.var(1), [1, 1] },
        { "std, biased", () => M.std([0L], unbiased: false), [1.5, 1.5, 1.5] },
        { "amax", () => M.amax(0), [4, 5, 6] },
        { "argmax", () => M.argmax(1, keepdim: true), [2, 2] },
        { "max by dimension", () => cat([M.max(0).Item1, M.max(0).Item2.@double()]), [4, 5, 6, 1, 1, 1] },
        { "min", () => M.min(), [1] },
        { "median", () => X.median(), [0] },
        { "logsumexp", () => zeros(1, 4).logsumexp(1), [Math.Log(4)] },
        { "norm", () => tensor(new[] { 3.0, 4 }).norm(), [5] },
        { "norm of order 1 by dimension", () => M.norm(1, p: 1), [6, 15] },
        { "all, any", () => cat([M.gt(1).all(1), M.gt(5).any(1)]), [0, 1, 0, 1] },
        { "count_nonzero", () => X.count_nonzero(), [4] },
        { "count_nonzero by dimension", () => M.gt(2).count_nonzero([1]), [1, 3] },
        { "quantile", () => M.quantile(tensor(new[] { 0.5 })), [2, 5] },
        // Scans and orders.
        { "cumsum", () => M.cumsum(1), [1, 3, 6, 4, 9, 15] },
        { "cumprod", () => M.cumprod(1), [1, 2, 6, 4, 20, 120] },
        { "sort", () => X.sort(descending: true).Item2, [4, 3, 2, 1, 0] },
        { "argsort", () => I.argsort(), [1, 2, 0] },
        { "topk", () => cat([X.topk(2).Item1, X.topk(2, largest: false).Item1]), [3, 1, -2, -0.5] },
        { "kthvalue", () => X.kthvalue(2, null).Item1, [-0.5] },
        { "unique", () => tensor(new[] { 3, 1, 3 }).unique(return_counts: true).Item3, [1, 2] },
        { "bincount", () => bincount(tensor(new long[] { 0, 2, 2 })), [1, 0, 2] },
        { "searchsorted", () => searchsorted(tensor(new[] { 1.0, 3 }), tensor(new[] { 0.0, 3, 4 }), right: true), [0, 2, 2] },
        // Products.
        { "matmul", () => M.matmul(M.t()), [14, 32, 32, 77] },
        { "addmm", () => ones(2, 2, ScalarType.Float64).addmm(M, M.t(), beta: 10, alpha: 0.5f), [17, 26, 26, 48.5] },
        { "bmm", () => M.unsqueeze(0).bmm(M.t().unsqueeze(0)), [14, 32, 32, 77] },
        { "einsum", () => einsum("ij,ij->i", M, M), [14, 77] },
        { "tensordot", () => M.t().tensordot(M, 1), [17, 22, 27, 22, 29, 36, 27, 36, 45] },
        { "outer", () => tensor(new[] { 1, 2 }).outer(tensor(new[] { 3, 4 })), [3, 4, 6, 8] },
        { "det", () => tensor(new double[,] { { 2, 1 }, { 1, 3 } }).det(), [5] },
        { "tril", () => M.tril(), [1, 0, 0, 4, 5, 0] },
        { "triu", () => M.triu(1), [0, 2, 3, 0, 0, 6] },
        { "diagonal", () => M.diagonal(1), [2, 6] },
    };

    [Theory, MemberData(nameof(Values))]
    public void Operator_OnSmallInput_GivesTheValueWorkedByHand(string name, Func<Tensor> function, double[] expected)
    {
        using var scope = NewDisposeScope();
        Assert.NotEmpty(name);
        Expect.Close(function(), expected);
    }

    [Fact]
    public void InPlaceOperators_ChangeTheirTensor()
    {
        using var scope = NewDisposeScope();
        var x = arange(1, 5, ScalarType.Float32);
        x.add_(1).mul_(2).sub_(tensor(1f)).div_(3).clamp_(1.5, 2.5).neg_().abs_().pow_(2);
        Expect.Close(x, [2.25, 25 / 9.0, 49 / 9.0, 6.25], 1e-5);
        x.zero_();
        x.fill_(7).copy_(tensor(new[] { 1, 2, 3, 4 })).masked_fill_(x.gt(2), -1);
        Expect.Close(x, [1, 2, -1, -1]);
    }

    [Fact]
    public void Clip_AndAllClose_AgreeWithTheirDefinition()
    {
        using var scope = NewDisposeScope();
        Assert.True(X.add(1e-9).allclose(X));
        Assert.False(X.add(1e-3).allclose(X));
        Assert.True(tensor(float.NaN).allclose(tensor(float.NaN), equal_nan: true));
        Expect.Close(X.clip(0, 1), [0, 0, 0, 1, 1]);
    }
}
