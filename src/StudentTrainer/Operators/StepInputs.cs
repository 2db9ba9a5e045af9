using TorchSharp;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What a kernel gets: the node's inputs, and whether the network is being trained.</summary>
/// <param name="slots">Every tensor of the run.</param>
/// <param name="indices">The slots of the node's inputs; −1 for one that is left out.</param>
/// <param name="training">Training (dropout, batch statistics) or evaluation.</param>
internal readonly struct StepInputs(torch.Tensor?[] slots, int[] indices, bool training)
{
    /// <summary>Whether the network is being trained.</summary>
    public bool Training => training;

    /// <summary>How many inputs the node lists.</summary>
    public int Count => indices.Length;

    /// <summary>An input that is there.</summary>
    public torch.Tensor this[int index] => slots[indices[index]]!;

    /// <summary>An input, or <c>null</c> if it is left out.</summary>
    public torch.Tensor? Optional(int index) => index < indices.Length && indices[index] >= 0 ? slots[indices[index]] : null;

    /// <summary>The values of an integer input, such as a shape. See also <see cref="NodeContext.Longs"/>.</summary>
    /// <remarks>Nothing is disposed here: where nothing is to be converted, the converted tensor is the input itself.</remarks>
    /// <exception cref="ArgumentException">It holds something else.</exception>
    public long[] Longs(int index) => ElementTypes.RequireIntegers(this[index]).to(torch.int64, torch.CPU).Values<long>();

    /// <summary>The values of an input of numbers that is a setting. See also <see cref="NodeContext.OptionalDoubles"/>.</summary>
    /// <exception cref="ArgumentException">It holds something else.</exception>
    public double[] Doubles(int index) => ElementTypes.RequireNumbers(this[index]).detach().to(torch.float64, torch.CPU).Values<double>();

    /// <summary>All inputs.</summary>
    public torch.Tensor[] All()
    {
        var tensors = new torch.Tensor[indices.Length];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = this[i];
        return tensors;
    }
}
