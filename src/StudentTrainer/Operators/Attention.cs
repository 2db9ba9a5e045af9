using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Attention between positions, and the rotation that tells it where they are.</summary>
internal static class Attention
{
    /// <summary>
    /// softmax(Q Kᵀ · scale + mask) V, head by head: [N, heads, T, size], or [N, T, heads · size] with the numbers of heads as attributes. Heads of
    /// keys and values may be fewer: neighbouring heads of queries then share one.
    /// </summary>
    public static Kernel Attend(NodeContext node)
    {
        var (queryHeads, keyHeads) = (node.Attributes.GetInt("q_num_heads", 0), node.Attributes.GetInt("kv_num_heads", 0));
        var isCausal = node.Attributes.GetInt("is_causal", 0) != 0;
        var scale = node.Attributes.Has("scale") ? node.Attributes.GetFloat("scale") : 0;
        var softcap = node.Attributes.GetFloat("softcap", 0);
        _ = node.Attributes.GetInt("softmax_precision", 1);
        _ = node.Attributes.GetInt("qk_matmul_output_mode", 0); // of an output that is refused
        if (Enumerable.Range(4, 3).FirstOrDefault(node.Has) is > 0 and var input)
            throw node.Unsupported("is supported without states of earlier positions", $"input {input}", "export the model without a cache of keys and values");
        return x =>
        {
            for (var i = 0; i < 3; i++)
                ElementTypes.RequireFloats(x[i]);
            var isFlat = x[0].ndim == 3;
            var (query, key, value) = (Heads(x[0], queryHeads), Heads(x[1], keyHeads), Heads(x[2], keyHeads));
            if (key.shape[1] != query.shape[1])
                (key, value) = (key.repeat_interleave(query.shape[1] / key.shape[1], 1), value.repeat_interleave(query.shape[1] / value.shape[1], 1));
            var scores = MatrixProduct.Of(query, key.transpose(-1, -2)).Mul(scale != 0 ? scale : 1 / Math.Sqrt(query.shape[3]));
            if (isCausal)
                scores = scores.MaskedFill(ones([scores.shape[2], scores.shape[3]], ScalarType.Bool, scores.device).triu(1), double.NegativeInfinity);
            if (x.Optional(3) is { } mask)
                scores = mask.dtype == ScalarType.Bool ? scores.MaskedFill(mask.logical_not(), double.NegativeInfinity) : scores.Add(mask);
            if (softcap > 0)
                scores = scores.Mul(1 / softcap).tanh().Mul(softcap);
            var result = MatrixProduct.Of(scores.softmax(-1), value);
            return [isFlat ? result.transpose(1, 2).flatten(2) : result];
        };
    }

    /// <summary>
    /// Pairs of features (of the halves, or neighbours) are turned by the angle of their position: [N, heads, T, size], or [N, T, heads · size].
    /// Without position ids the caches hold the angles of each sample's positions.
    /// </summary>
    public static Kernel Rotate(NodeContext node)
    {
        var isInterleaved = node.Attributes.GetInt("interleaved", 0) != 0;
        var (heads, rotated) = (node.Attributes.GetInt("num_heads", 0), node.Attributes.GetInt("rotary_embedding_dim", 0));
        return x =>
        {
            var isFlat = x[0].ndim == 3;
            var features = Heads(x[0], heads);
            var size = rotated > 0 ? rotated : features.shape[3];
            var (turned, rest) = (features.narrow(3, 0, size), features.narrow(3, size, features.shape[3] - size));
            var (cosine, sine) = (Angles(x[1]), Angles(x[2]));
            var (first, second) = isInterleaved
                ? (Every(turned, 0), Every(turned, 1))
                : (turned.narrow(3, 0, size / 2), turned.narrow(3, size / 2, size / 2));
            var (real, imaginary) = (first.mul(cosine).sub(second.mul(sine)), first.mul(sine).Add(second.mul(cosine)));
            var joined = isInterleaved ? stack([real, imaginary], 4).flatten(3) : cat([real, imaginary], 3);
            var result = cat([joined, rest], 3);
            return [isFlat ? result.transpose(1, 2).flatten(2) : result];

            Tensor Angles(Tensor cache) => (x.Optional(3) is { } positions ? Rows(cache, positions) : cache).unsqueeze(1);
        };

        static Tensor Every(Tensor x, long second) => x.reshape([.. x.shape[..^1], -1, 2]).select(-1, second);

        static Tensor Rows(Tensor cache, Tensor positions) =>
            cache.index_select(0, ElementTypes.RequireIntegers(positions).to(ScalarType.Int64).flatten()).reshape([.. positions.shape, cache.shape[^1]]);
    }

    /// <summary>[N, heads, T, size].</summary>
    private static Tensor Heads(Tensor x, long heads) => x.ndim == 4 ? x
        : heads < 1 ? throw new ArgumentException("inputs of three axes need the number of heads")
        : x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);
}
