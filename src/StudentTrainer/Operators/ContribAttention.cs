using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What ONNX Runtime's optimiser makes of a transformer's attention and of the layers before it. Masks are added to scores, as ONNX Runtime does it.</summary>
internal static class ContribAttention
{
    private const string Uncached = "export the model without a cache of keys and values";

    /// <summary>Queries, keys and values from one product with all their weights, then attention: [N, T, features].</summary>
    public static Kernel Attention(NodeContext node)
    {
        var options = Options.Of(node);
        var sizes = node.Attributes.GetInts("qkv_hidden_sizes") ?? [];
        Refuse(node, [4, 6], Uncached);
        if (node.Attributes.GetInt("do_rotary", 0) != 0)
            throw node.Unsupported("is supported without a rotation of queries and keys", "do_rotary 1", "export the model without ONNX Runtime's optimisations");
        _ = node.Attributes.GetInt("rotary_embedding_dim", 0);
        _ = node.Attributes.GetInt("past_present_share_buffer", 0);
        return x =>
        {
            var joined = MatrixProduct.Of(x[0], x[1]);
            joined = x.Optional(2) is { } bias ? joined.Add(bias) : joined;
            var parts = joined.split(sizes.Length == 3 ? sizes : [.. Enumerable.Repeat(x[1].shape[1] / 3, 3)], -1);
            return [Attend(parts[0], parts[1], parts[2], x.Optional(3), x.Optional(5), options)];
        };
    }

    /// <summary>Attention of given queries, keys and values: [N, T, features] each, with a bias for all of them.</summary>
    public static Kernel MultiHeadAttention(NodeContext node)
    {
        var options = Options.Of(node);
        if (!node.Has(1) || !node.Has(2))
            throw node.Unsupported("is supported with queries, keys and values apart", "they are packed", "export the model without ONNX Runtime's optimisations");
        Refuse(node, [6, 7, 8, 9], Uncached);
        return x =>
        {
            var (query, key, value) = (x[0], x[1], x[2]);
            if (query.ndim != 3 || key.ndim != 3 || value.ndim != 3)
                throw new ArgumentException("queries, keys and values have three axes here: [N, T, features]");
            if (x.Optional(3) is { } bias)
            {
                var parts = bias.split([query.shape[2], key.shape[2], value.shape[2]], 0);
                (query, key, value) = (query.Add(parts[0]), key.Add(parts[1]), value.Add(parts[2]));
            }

            return [Attend(query, key, value, x.Optional(4), x.Optional(5), options)];
        };
    }

    /// <summary>
    /// The sum of what word, position and segment have in their tables, normalised. Output 1 counts the positions of each sample that a mask says count, output 2 is the sum.
    /// </summary>
    public static Kernel EmbedLayerNormalization(NodeContext node)
    {
        var epsilon = node.Attributes.GetFloat("epsilon", 1e-12f);
        _ = node.Attributes.GetInt("mask_index_type", 0);
        var (readsMask, readsSum) = (node.IsRead(1), node.IsRead(2));
        return x =>
        {
            var ids = x[0];
            var positions = x.Optional(8) is { } given ? Rows(x[3], given) : x[3].narrow(0, 0, ids.shape[1]);
            var sum = Rows(x[2], ids).Add(positions);
            if (x.Optional(4) is { } segments)
                sum = sum.Add(x.Optional(1) is { } segment ? Rows(segments, segment) : segments.narrow(0, 0, 1));
            var result = Normalization.LayerNorm(sum, sum.shape[^1..], x[5], x.Optional(6), epsilon);
            if (!readsMask && !readsSum)
                return [result];
            var counted = x.Optional(7) is { } mask ? mask.Eq(1).sum(1, type: int32) : zeros([ids.shape[0]], int32, ids.device);
            return [result, counted, sum];
        };

        static Tensor Rows(Tensor table, Tensor ids) =>
            table.index_select(0, ElementTypes.RequireIntegers(ids).to(int64).flatten()).reshape([.. ids.shape, table.shape[^1]]);
    }

    private static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? mask, Tensor? added, Options options)
    {
        var (q, k, v) = (Heads(query, options.Heads), Heads(key, options.Heads), Heads(value, options.Heads));
        var scores = MatrixProduct.Of(q, k.transpose(-1, -2)).Mul(options.Scale != 0 ? options.Scale : 1 / Math.Sqrt(q.shape[3]));
        if (added is not null)
            scores = scores.Add(added);
        if (mask is not null)
            scores = scores.Add(Penalty(mask, k.shape[2], options.MaskValue).to(scores.dtype));
        if (options.IsCausal)
            scores = scores.MaskedFill(ones([q.shape[2], k.shape[2]], ScalarType.Bool, scores.device).triu(1 + k.shape[2] - q.shape[2]), double.NegativeInfinity);
        return MatrixProduct.Of(scores.softmax(-1), v).transpose(1, 2).flatten(2);
    }

    /// <summary>What is added where a mask says that a key does not count: [N, 1, 1 or T, keys].</summary>
    /// <param name="mask">The number of keys of each sample that count, [N]; or 1 for each that counts: [N, keys], [N, T, keys].</param>
    /// <param name="keys">How many keys there are.</param>
    /// <param name="value">What is added.</param>
    private static Tensor Penalty(Tensor mask, long keys, double value)
    {
        var counts = mask.ndim switch
        {
            1 => TensorNumbers.Range(keys, int64, mask.device).unsqueeze(0).lt(mask.to(int64).unsqueeze(1)).unsqueeze(1).unsqueeze(1),
            2 => mask.Ne(0).unsqueeze(1).unsqueeze(1),
            3 => mask.Ne(0).unsqueeze(1),
            _ => throw new ArgumentException("a mask has one to three axes here: [N], [N, keys] or [N, T, keys]"),
        };
        return counts.logical_not().to(float32).Mul(value);
    }

    private static void Refuse(NodeContext node, int[] inputs, string remedy)
    {
        if (inputs.FirstOrDefault(node.Has) is > 0 and var input)
            throw node.Unsupported("is supported without states of earlier positions", $"input {input}", remedy);
    }

    /// <summary>[N, heads, T, size].</summary>
    private static Tensor Heads(Tensor x, long heads) => x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);

    private readonly record struct Options(long Heads, double Scale, double MaskValue, bool IsCausal)
    {
        public static Options Of(NodeContext node) => new(
            node.Attributes.GetInt("num_heads"), node.Attributes.GetFloat("scale", 0), node.Attributes.GetFloat("mask_filter_value", -10000),
            node.Attributes.GetInt("unidirectional", 0) != 0);
    }
}
