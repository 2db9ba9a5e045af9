using System.Runtime.InteropServices;
using static TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>One application of a <see cref="autograd.Function{T}"/>, as libtorch's graph knows it.</summary>
internal sealed unsafe class RecordedCall
{
    private readonly string name;
    private readonly bool[] areTensors;
    private readonly autograd.AutogradContext context;
    private readonly Func<autograd.AutogradContext, List<Tensor>, List<Tensor>> backward;

    private RecordedCall(
        string name, object[] vars, autograd.AutogradContext context, Func<autograd.AutogradContext, List<Tensor>, List<Tensor>> backward)
    {
        (this.name, this.context, this.backward) = (name, context, backward);
        areTensors = Array.ConvertAll(vars, static value => value is Tensor);
    }

    /// <summary>Gives outputs a place in the graph if one of the tensors wants a gradient; else the context is disposed.</summary>
    public static void Record(
        string name, object[] vars, List<Tensor> outputs, autograd.AutogradContext context,
        Func<autograd.AutogradContext, List<Tensor>, List<Tensor>> backward)
    {
        var call = GCHandle.Alloc(new RecordedCall(name, vars, context, backward));
        nint[] inputs = [.. vars.OfType<Tensor>().Select(tensor => tensor.Handle)], results = [.. outputs.Select(tensor => tensor.Handle)];
        int recorded;
        fixed (nint* i = inputs, o = results)
            recorded = okd_record(i, inputs.Length, o, results.Length, name, GCHandle.ToIntPtr(call), &Differentiate, &Forget);
        GC.KeepAlive((vars, outputs));
        if (recorded <= 0)
            Release(call);
        Check(recorded, name);
    }

    /// <summary>Called by libtorch on any thread; nothing may be thrown through it.</summary>
    [UnmanagedCallersOnly]
    private static int Differentiate(nint call, nint* gradients, int count, nint* results, int capacity)
    {
        using var scope = NewDisposeScope();
        try
        {
            var given = new List<Tensor>(count);
            for (var i = 0; i < count; i++)
                given.Add(gradients[i] != 0 ? new Tensor(gradients[i]) : null!);
            var computed = ((RecordedCall)GCHandle.FromIntPtr(call).Target!).Backward(given);
            for (var i = 0; i < capacity; i++)
                results[i] = computed[i] is null ? 0 : okd_tensor_retain(computed[i].Handle);
            return 0;
        }
        catch (Exception e)
        {
            okd_fail(e.Message);
            return -1;
        }
    }

    [UnmanagedCallersOnly]
    private static void Forget(nint call) => Release(GCHandle.FromIntPtr(call));

    private static void Release(GCHandle call)
    {
        ((RecordedCall)call.Target!).context.Dispose();
        call.Free();
    }

    /// <summary>The gradients of the tensors among the values.</summary>
    private List<Tensor> Backward(List<Tensor> gradients)
    {
        if (is_grad_enabled())
            throw new NotSupportedException($"The gradient of {name} has no gradient itself.");
        var all = backward(context, gradients);
        return all.Count == areTensors.Length
            ? [.. all.Where((_, i) => areTensors[i])]
            : throw new InvalidOperationException($"{name} gave {all.Count} gradients for {areTensors.Length} values.");
    }
}
