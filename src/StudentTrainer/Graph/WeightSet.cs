using OnnxKd.Core.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>The tensors of a plan on a device: float32 there, integers (shapes, axes) on the CPU.</summary>
internal sealed class WeightSet : IDisposable
{
    private readonly Tensor[] tensors;

    private WeightSet(IReadOnlyList<PlannedWeight> plan, Tensor[] tensors)
    {
        Plan = plan;
        this.tensors = Array.ConvertAll(tensors, tensor => tensor.DetachFromDisposeScope());
    }

    /// <summary>Names and roles, in the order of the tensors.</summary>
    public IReadOnlyList<PlannedWeight> Plan { get; }

    /// <summary>A tensor by its place in the plan.</summary>
    public Tensor this[int index] => tensors[index];

    /// <summary>What is learned, with its place in the model.</summary>
    public IReadOnlyList<(PlannedWeight Weight, Tensor Tensor)> Parameters => OfRoles(WeightRole.Parameter);

    /// <summary>What training changes: parameters and buffers.</summary>
    public IReadOnlyList<(PlannedWeight Weight, Tensor Tensor)> Trained => OfRoles(WeightRole.Parameter, WeightRole.Buffer);

    /// <summary>Takes the values from the model.</summary>
    public static WeightSet Load(IReadOnlyList<PlannedWeight> plan, Device device, bool trainable)
    {
        using var scope = NewDisposeScope();
        return new(plan, [.. plan.Select(weight => Load(weight, device).requires_grad_(trainable && weight.Role == WeightRole.Parameter))]);
    }

    /// <summary>An independent copy.</summary>
    public WeightSet Clone(bool trainable)
    {
        using var scope = NewDisposeScope();
        return new(Plan, [.. tensors.Zip(Plan, (tensor, weight) =>
            tensor.detach().clone().requires_grad_(trainable && weight.Role == WeightRole.Parameter))]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in tensors)
            tensor.Dispose();
    }

    private List<(PlannedWeight, Tensor)> OfRoles(params WeightRole[] roles) =>
        [.. Plan.Zip(tensors).Where(pair => roles.Contains(pair.First.Role))];

    private static Tensor Load(PlannedWeight weight, Device device)
    {
        var source = weight.Source;
        if (TensorTypes.IsFloat(source.DataType))
            return tensor(source.ToFloats(), [.. source.Dims], float32, device);
        return tensor(source.ToLongs(), [.. source.Dims], int64, CPU);
    }
}
