using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Moves blocks of [N, C, H, W] between the spatial axes and the channels.</summary>
internal static class SpaceDepth
{
    /// <summary>In mode DCR a channel's number is (row in block, column in block, channel); in CRD the channel comes first.</summary>
    public static Kernel DepthToSpace(NodeContext node)
    {
        var block = BlockSize(node);
        var mode = node.Attributes.GetString("mode", "DCR");
        return mode switch
        {
            "DCR" => x =>
            {
                var (n, c, h, w) = Sizes(x[0]);
                var parts = x[0].reshape(n, block, block, c / (block * block), h, w);
                return [parts.permute(0, 3, 4, 1, 5, 2).reshape(n, c / (block * block), h * block, w * block)];
            },
            "CRD" => x =>
            {
                var (n, c, h, w) = Sizes(x[0]);
                var parts = x[0].reshape(n, c / (block * block), block, block, h, w);
                return [parts.permute(0, 1, 4, 2, 5, 3).reshape(n, c / (block * block), h * block, w * block)];
            },
            _ => throw node.Unsupported("has an unknown mode", mode, "expected DCR or CRD"),
        };
    }

    public static Kernel SpaceToDepth(NodeContext node)
    {
        var block = BlockSize(node);
        return x =>
        {
            var (n, c, h, w) = Sizes(x[0]);
            var parts = x[0].reshape(n, c, h / block, block, w / block, block);
            return [parts.permute(0, 3, 5, 1, 2, 4).reshape(n, c * block * block, h / block, w / block)];
        };
    }

    private static long BlockSize(NodeContext node)
    {
        var size = node.Attributes.GetInt("blocksize");
        return size > 0 ? size : throw node.Unsupported("needs a positive blocksize", $"{size}");
    }

    private static (long N, long C, long H, long W) Sizes(Tensor x) =>
        x.shape is [var n, var c, var h, var w] ? (n, c, h, w) : throw new ArgumentException("the input is not [N, C, H, W]");
}
