using System.Reflection;
using System.Reflection.Emit;

namespace OnnxKd.Pipeline.Tests.Architecture;

/// <summary>Which room (namespace) of an assembly uses which, read from what was compiled: signatures, attributes and the code of methods.</summary>
internal sealed class RoomMap
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    private readonly Assembly assembly;
    private readonly SortedDictionary<(string From, string To), SortedSet<string>> uses = [];

    public RoomMap(Assembly assembly)
    {
        this.assembly = assembly;
        foreach (var type in assembly.GetTypes())
            foreach (var used in UsedBy(type).SelectMany(Parts))
                if (RoomOf(type) is { } from && RoomOf(used) is { } to && from != to)
                    Types(from, to).Add($"{Outermost(type).Name} → {Outermost(used).Name}");
    }

    /// <summary>The groups of rooms of which each can be reached from each other, with the types that make it so.</summary>
    public IReadOnlyList<string> Cycles()
    {
        var reach = uses.Keys.Select(use => use.From).Distinct().ToDictionary(room => room, Reachable);
        var cycles = reach.Where(room => room.Value.Contains(room.Key))
            .Select(room => room.Value.Where(other => reach.TryGetValue(other, out var back) && back.Contains(room.Key)).Order(StringComparer.Ordinal).ToArray())
            .DistinctBy(cycle => cycle[0]);
        return [.. cycles.Select(cycle => string.Join('\n', uses
            .Where(use => cycle.Contains(use.Key.From) && cycle.Contains(use.Key.To))
            .Select(use => $"{use.Key.From} uses {use.Key.To}: {string.Join(", ", use.Value)}")))];
    }

    private SortedSet<string> Types(string from, string to) => uses.TryGetValue((from, to), out var types) ? types : uses[(from, to)] = [];

    private HashSet<string> Reachable(string room)
    {
        var (found, open) = (new HashSet<string>(), new Stack<string>([room]));
        while (open.TryPop(out var from))
            foreach (var to in uses.Keys.Where(use => use.From == from).Select(use => use.To).Where(found.Add))
                open.Push(to);
        return found;
    }

    private string? RoomOf(Type type) => type.Assembly == assembly ? Outermost(type).Namespace : null;

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static IEnumerable<Type> Parts(Type? type) =>
        type is null || type.IsGenericParameter ? []
        : type.HasElementType ? Parts(type.GetElementType())
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Prepend(type.GetGenericTypeDefinition())
        : [type];

    private static IEnumerable<Type?> UsedBy(Type type) =>
    [
        type.BaseType,
        .. type.GetInterfaces(),
        .. type.IsGenericTypeDefinition ? type.GetGenericArguments().SelectMany(argument => argument.GetGenericParameterConstraints()) : [],
        .. OfAttributes(type.GetCustomAttributesData()),
        .. type.GetFields(Declared).Select(field => field.FieldType),
        .. type.GetProperties(Declared).SelectMany(property => OfAttributes(property.GetCustomAttributesData())),
        .. type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)).SelectMany(UsedBy),
    ];

    private static IEnumerable<Type?> OfAttributes(IEnumerable<CustomAttributeData> attributes) =>
        attributes.SelectMany(attribute => attribute.ConstructorArguments.Concat(attribute.NamedArguments.Select(named => named.TypedValue))
            .SelectMany(OfArgument).Prepend(attribute.AttributeType));

    private static IEnumerable<Type?> OfArgument(CustomAttributeTypedArgument argument) => argument.Value switch
    {
        Type type => [type],
        IEnumerable<CustomAttributeTypedArgument> list => list.SelectMany(OfArgument),
        _ => [],
    };

    private static IEnumerable<Type?> UsedBy(MethodBase method) =>
    [
        .. method.GetParameters().Select(parameter => parameter.ParameterType),
        (method as MethodInfo)?.ReturnType,
        .. method.IsGenericMethodDefinition ? method.GetGenericArguments().SelectMany(argument => argument.GetGenericParameterConstraints()) : [],
        .. OfAttributes(method.GetCustomAttributesData()),
        .. method.GetMethodBody() is { } body ? body.LocalVariables.Select(local => (Type?)local.LocalType).Concat(OfCode(method, body.GetILAsByteArray()!)) : [],
    ];

    private static IEnumerable<Type?> OfCode(MethodBase method, byte[] code)
    {
        var typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < code.Length;)
        {
            var next = code[at] == 0xFE ? Codes[(short)(0xFE00 | code[at + 1])] : Codes[code[at]];
            at += next.Size;
            if (next.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
                foreach (var type in OfMember(method.Module.ResolveMember(BitConverter.ToInt32(code, at), typeArguments, methodArguments)!))
                    yield return type;
            at += next.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }

    private static IEnumerable<Type?> OfMember(MemberInfo member) =>
    [
        member as Type ?? member.DeclaringType,
        (member as FieldInfo)?.FieldType,
        (member as MethodInfo)?.ReturnType,
        .. member is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericArguments() : [],
    ];
}
