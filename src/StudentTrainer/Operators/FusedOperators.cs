using Onnx;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What stands for several nodes of a file: operators of ONNX's in their newest meaning, whatever the graph's version is, and one that ONNX lacks.</summary>
internal static class FusedOperators
{
    /// <summary>The domain of joined nodes.</summary>
    public const string Domain = "onnxkd.fused";

    /// <summary>ONNX's MatMul takes no bias.</summary>
    public static readonly OperatorEntry ProductWithBias =
        new("MatMul", 1, [SlotRole.Weight, SlotRole.Weight, SlotRole.Bias], HalfPrecision.Widened(Linear.MatMulWithBias, hasBFloat16: Linear.IsForOneDnn))
        {
            UnitAxis = Linear.MatMulUnitAxis, MultiplyAdds = MultiplyAdds.MatMul,
        };

    /// <summary>The entry for any node; <c>null</c>: there is none.</summary>
    /// <param name="node">The node.</param>
    /// <param name="version">The graph's version of ONNX's operator set.</param>
    public static OperatorEntry? Find(NodeProto node, int version) => node.Domain switch
    {
        "" or "ai.onnx" => OperatorTable.Find(node.OpType, version),
        ContribOperators.Domain => ContribOperators.Find(node.OpType),
        Domain => node.OpType == ProductWithBias.Name ? ProductWithBias : OperatorTable.Find(node.OpType, OperatorTable.NewestOpset),
        _ => null,
    };
}
