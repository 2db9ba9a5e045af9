using OnnxKd.Core.Preparation;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>In which units values are compared: their deviations over the set, after a logarithm of columns that have far values.</summary>
/// <param name="Deviations">One for each column.</param>
/// <param name="Log">The logarithm; <c>null</c>: in no column.</param>
internal sealed record ValueScale(IReadOnlyList<float> Deviations, SymmetricLog? Log = null)
{
    /// <summary>By how much values differ.</summary>
    /// <param name="values">Positions × columns.</param>
    /// <param name="others">As many.</param>
    public Tensor Difference(Tensor values, Tensor others) =>
        (Log is null ? values.sub(others) : Logarithms(Log, values).sub(Logarithms(Log, others))).div(Row(Deviations, values));

    private static Tensor Logarithms(SymmetricLog log, Tensor values)
    {
        var z = values.sub(Row([.. log.Centre.Select(centre => (float)centre)], values)).div(Row([.. log.Unit.Select(unit => unit > 0 ? (float)unit : 1)], values));
        var logarithms = z.sign().mul(z.abs().log1p());
        return log.Unit.All(unit => unit > 0) ? logarithms : where(tensor([.. log.Unit.Select(unit => unit > 0)], device: values.device), logarithms, values);
    }

    private static Tensor Row(IReadOnlyList<float> columns, Tensor values) => tensor([.. columns], values.dtype, values.device);
}
