using Mono.Cecil;
using OnnxKd.StudentTrainer.Runtime;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Runtime;

/// <summary>Numbers that libtorch reads live until it has read them.</summary>
public sealed class TensorNumbersTests
{
    /// <summary>
    /// Every entry of TorchSharp that makes a Scalar of a number, by its code or by that of what it calls, leaves it to the garbage collection:
    /// the trainer calls none of them.
    /// </summary>
    [Fact]
    public void Trainer_OfEntriesThatLetGoOfTheirNumbers_CallsNone()
    {
        using var library = ModuleDefinition.ReadModule(typeof(torch).Assembly.Location);
        using var trainer = ModuleDefinition.ReadModule(typeof(Number).Assembly.Location);
        var careless = CarelessMethods(library);
        Assert.Contains(careless, name => name.Contains("Tensor::square()", StringComparison.Ordinal)); // else nothing was found

        var calls = Methods(trainer)
            .Where(method => method.DeclaringType.FullName != typeof(Number).FullName)
            .SelectMany(method => Calls(method).Where(called => Makes(called) || careless.Contains(called.FullName)).Select(called => $"{method.FullName} calls {called.FullName}"));

        Assert.True(!calls.Any(), string.Join(Environment.NewLine, calls));
    }

    [Fact]
    public void Operations_OnIntegers_LeaveThemIntegersForWholeNumbersOnly()
    {
        using var scope = torch.NewDisposeScope();
        var x = TensorNumbers.Range(4, torch.int64);

        Assert.Equal([1L, 3, 5, 7], x.Mul(2).Add(1).data<long>());
        Assert.Equal([0.5f, 2.5f, 4.5f, 6.5f], x.Mul(2f).Add(0.5).data<float>());
    }

    private static HashSet<string> CarelessMethods(ModuleDefinition library)
    {
        var methods = Methods(library).Where(method => !Makes(method)).Select(method => (method.FullName, Calls: Calls(method))).ToArray();
        var found = methods.Where(method => method.Calls.Any(Makes)).Select(method => method.FullName).ToHashSet();
        while (methods.Where(method => !found.Contains(method.FullName) && method.Calls.Any(called => found.Contains(called.FullName))).ToArray() is { Length: > 0 } callers)
            found.UnionWith(callers.Select(method => method.FullName));
        return found;
    }

    private static IEnumerable<MethodDefinition> Methods(ModuleDefinition module) => module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody);

    private static MethodReference[] Calls(MethodDefinition method) => [.. method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>()];

    private static bool Makes(MethodReference method) =>
        method.DeclaringType.FullName == typeof(Scalar).FullName && method.Name == "op_Implicit"
        || method.DeclaringType.FullName == typeof(ScalarExtensionMethods).FullName && method.Name.EndsWith("Scalar", StringComparison.Ordinal);
}
