using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>The tensors of a plan: floats on a device, integers (shapes, axes) and what is read on the CPU there.</summary>
internal sealed class WeightSet : IDisposable
{
    private readonly Tensor[] tensors;

    private WeightSet(IReadOnlyList<PlannedWeight> plan, Device device, Tensor[] tensors)
    {
        (Plan, Device) = (plan, device);
        this.tensors = Array.ConvertAll(tensors, tensor => tensor.DetachFromDisposeScope());
    }

    /// <summary>Names and roles, in the order of the tensors.</summary>
    public IReadOnlyList<PlannedWeight> Plan { get; }

    /// <summary>Where the floats are.</summary>
    public Device Device { get; }

    /// <summary>A tensor by its place in the plan.</summary>
    public Tensor this[int index] => tensors[index];

    /// <summary>What is learned, with its place in the model.</summary>
    public IReadOnlyList<(PlannedWeight Weight, Tensor Tensor)> Parameters => OfRoles(WeightRole.Parameter);

    /// <summary>What training changes: parameters and buffers.</summary>
    public IReadOnlyList<(PlannedWeight Weight, Tensor Tensor)> Trained => OfRoles(WeightRole.Parameter, WeightRole.Buffer);

    /// <summary>Takes the values from the model.</summary>
    /// <param name="plan">The tensors.</param>
    /// <param name="device">Where floats go.</param>
    /// <param name="trainable">Whether parameters get gradients.</param>
    /// <param name="widen">Whether floats are widened to float64; default: each keeps its type.</param>
    public static WeightSet Load(IReadOnlyList<PlannedWeight> plan, Device device, bool trainable, bool widen = false)
    {
        using var scope = NewDisposeScope();
        return new(plan, device, [.. plan.Select(weight =>
            Load(weight, device, widen).requires_grad_(trainable && weight.Role == WeightRole.Parameter))]);
    }

    /// <summary>An independent copy.</summary>
    public WeightSet Clone(bool trainable)
    {
        using var scope = NewDisposeScope();
        return new(Plan, Device, [.. tensors.Zip(Plan, (tensor, weight) =>
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

    private static Tensor Load(PlannedWeight weight, Device device, bool widen)
    {
        var isFloat = TensorTypes.IsFloat(weight.Source.DataType);
        var tensor = weight.Source.ToTensor(isFloat && !weight.OnHost ? device : CPU);
        return isFloat && widen ? tensor.to(float64) : tensor;
    }
}
