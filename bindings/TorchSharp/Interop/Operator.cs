using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>
/// One libtorch operator, found in the dispatcher on its first call. The methods differ in what they return; arguments that
/// are left out at the end take the defaults of the operator's schema.
/// </summary>
internal sealed unsafe class Operator(string name, string overload = "")
{
    /// <summary>No operator has more results.</summary>
    private const int MaximumResults = 8;

    /// <summary>Words of list arguments that fit on the stack; longer lists are copied to the heap.</summary>
    private const int StackWords = 128;

    private nint handle;

    private string QualifiedName => overload.Length > 0 ? $"aten::{name}.{overload}" : $"aten::{name}";

    internal Tensor Call(params ReadOnlySpan<Argument> arguments) => ToTensor(Single(arguments));

    /// <summary>Calls an in-place operator; the result is its first argument.</summary>
    internal Tensor Mutate(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc Value[MaximumResults];
        var count = Invoke(arguments, results);
        for (var i = 0; i < count; i++)
            okd_tensor_release((nint)results[i].Bits);
        return arguments[0].Tensor!;
    }

    internal (Tensor, Tensor) Pair(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc Value[MaximumResults];
        Invoke(arguments, results);
        return (ToTensor(results[0]), ToTensor(results[1]));
    }

    internal (Tensor, Tensor, Tensor) Triple(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc Value[MaximumResults];
        Invoke(arguments, results);
        return (ToTensor(results[0]), ToTensor(results[1]), ToTensor(results[2]));
    }

    internal (Tensor, Tensor, Tensor, Tensor) Quadruple(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc Value[MaximumResults];
        Invoke(arguments, results);
        return (ToTensor(results[0]), ToTensor(results[1]), ToTensor(results[2]), ToTensor(results[3]));
    }

    internal Tensor[] List(params ReadOnlySpan<Argument> arguments)
    {
        var list = Single(arguments);
        var handles = (nint*)list.Bits;
        var tensors = new Tensor[list.Count];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = new Tensor(handles[i]);
        okd_free(handles);
        return tensors;
    }

    internal bool Flag(params ReadOnlySpan<Argument> arguments) => Single(arguments).Bits != 0;

    internal long Integer(params ReadOnlySpan<Argument> arguments) => Single(arguments).Bits;

    internal Scalar Number(params ReadOnlySpan<Argument> arguments)
    {
        var value = Single(arguments);
        return value.Kind switch
        {
            Kind.Int => value.Bits,
            Kind.Bool => value.Bits != 0,
            _ => BitConverter.Int64BitsToDouble(value.Bits),
        };
    }

    /// <summary>A result that may be undefined becomes a null tensor only where the caller never hands it out.</summary>
    private static Tensor ToTensor(Value value) => value.Bits != 0 ? new Tensor((nint)value.Bits) : null!;

    private Value Single(ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc Value[MaximumResults];
        Invoke(arguments, results);
        return results[0];
    }

    /// <summary>Finds the operator; fails, naming it, where this libtorch does not have it.</summary>
    private void Resolve() => handle = Check(okd_operator($"aten::{name}", overload), QualifiedName);

    [SkipLocalsInit]
    private int Invoke(ReadOnlySpan<Argument> arguments, Value* results)
    {
        if (handle == 0)
            Resolve();

        var words = 0;
        foreach (ref readonly var argument in arguments)
            words += argument.Words;

        if (words <= StackWords)
        {
            var stack = stackalloc long[StackWords];
            return Invoke(arguments, stack, results);
        }
        fixed (long* heap = new long[words])
            return Invoke(arguments, heap, results);
    }

    private int Invoke(ReadOnlySpan<Argument> arguments, long* words, Value* results)
    {
        var values = stackalloc Value[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Write(words);
            words += arguments[i].Words;
        }

        var count = okd_call(handle, values, arguments.Length, results, MaximumResults);
        foreach (ref readonly var argument in arguments)
            GC.KeepAlive(argument.Reference);
        return count >= 0 ? count : throw Failure(QualifiedName);
    }
}
