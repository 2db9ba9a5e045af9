using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>One result from any number of tensors, element by element, with broadcasting.</summary>
internal static class Variadic
{
    public static Kernel Max(NodeContext node) => x => [Fold(x, static (a, b) => a.maximum(b))];

    public static Kernel Min(NodeContext node) => x => [Fold(x, static (a, b) => a.minimum(b))];

    public static Kernel Sum(NodeContext node) => x => [Fold(x, static (a, b) => a.Add(b))];

    public static Kernel Mean(NodeContext node) => x => [Fold(x, static (a, b) => a.Add(b)).Div(x.Count)];

    private static Tensor Fold(StepInputs x, Func<Tensor, Tensor, Tensor> function)
    {
        if (x.Count == 1)
            return x[0].alias();
        var result = function(x[0], x[1]);
        for (var i = 2; i < x.Count; i++)
            result = function(result, x[i]);
        return result;
    }
}
