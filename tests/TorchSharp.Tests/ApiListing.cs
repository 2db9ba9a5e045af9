using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace OnnxKd.TorchSharp.Tests;

/// <summary>Prints an assembly's public surface, one line per type and member, in the form of Golden/torchsharp-api.txt.</summary>
internal static class ApiListing
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool",
        [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(int)] = "int", [typeof(uint)] = "uint",
        [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double",
    };

    /// <summary>Namespaces whose types are written without them.</summary>
    private static readonly string[] Short = ["System", "System.Collections.Generic", "TorchSharp"];

    internal static List<string> Of(Assembly assembly) =>
        [.. assembly.GetTypes().Where(IsVisible).SelectMany(Lines).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Lines(Type type) =>
        new[] { Kind(type) + Bases(type) }
            .Concat(type.IsEnum ? EnumMembers(type) : Members(type))
            .Select(line => $"{Name(type)} :: {line}");

    private static IEnumerable<string> EnumMembers(Type type) =>
        Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}");

    private static IEnumerable<string> Members(Type type) =>
        type.GetConstructors(Declared).Where(IsVisible).Select(c => $"{Access(c)}new({Parameters(c.GetParameters())})")
            .Concat(type.GetMethods(Declared).Where(m => IsVisible(m) && !IsAccessor(m)).Select(Method))
            .Concat(type.GetProperties(Declared).Where(p => IsVisible(p.GetMethod) || IsVisible(p.SetMethod)).Select(Property))
            .Concat(type.GetFields(Declared).Where(f => f.IsPublic || f.IsFamily).Select(Field));

    private static bool IsAccessor(MethodInfo method) =>
        method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static string Method(MethodInfo method)
    {
        var inheritance = method.IsAbstract ? "abstract "
            : !method.IsVirtual || method.IsFinal ? ""
            : method.GetBaseDefinition() == method ? "virtual " : "override ";
        var generics = method.IsGenericMethodDefinition ? Generics(method.GetGenericArguments()) : "";
        var extension = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        return $"{Access(method)}{(method.IsStatic ? "static " : "")}{inheritance}{method.Name}{generics}"
            + $"({extension}{Parameters(method.GetParameters())}) -> {Name(method.ReturnType)}";
    }

    private static string Property(PropertyInfo property)
    {
        var accessor = (property.GetMethod ?? property.SetMethod)!;
        var index = property.GetIndexParameters();
        var name = index.Length > 0 ? $"this[{Parameters(index)}]" : property.Name;
        var inheritance = accessor.IsAbstract ? "abstract " : accessor is { IsVirtual: true, IsFinal: false } ? "virtual " : "";
        var accessors = (IsVisible(property.GetMethod) ? "get; " : "") + (IsVisible(property.SetMethod) ? "set; " : "");
        var storage = accessor.IsStatic ? "static " : "";
        return $"{Access(accessor)}{storage}{inheritance}{name} {{ {accessors}}} -> {Name(property.PropertyType)}";
    }

    private static string Field(FieldInfo field)
    {
        var storage = field.IsLiteral ? "const " : field.IsStatic ? "static " : "";
        var value = field.IsLiteral ? $" = {Convert.ToString(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}" : "";
        var access = field.IsPublic ? "" : "protected ";
        return $"{access}{storage}{(field.IsInitOnly ? "readonly " : "")}{field.Name} -> {Name(field.FieldType)}{value}";
    }

    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var type = parameter.IsOut ? "out " + Name(parameter.ParameterType.GetElementType()!) : Name(parameter.ParameterType);
        var many = parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "";
        return $"{many}{type} {parameter.Name}{(parameter.HasDefaultValue ? $" = {Default(parameter)}" : "")}";
    }

    private static string Default(ParameterInfo parameter) => (parameter.RawDefaultValue, parameter.ParameterType) switch
    {
        (null, { IsValueType: true } type) when Nullable.GetUnderlyingType(type) is null => "default",
        (null, _) => "null",
        (string text, _) => $"\"{text}\"",
        (var value, { IsEnum: true } type) => $"{Name(type)}.{Enum.ToObject(type, value)}",
        var (value, _) => Convert.ToString(value, CultureInfo.InvariantCulture)!.ToLowerInvariant(),
    };

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        _ when type.IsSubclassOf(typeof(Delegate)) => "delegate",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string Bases(Type type)
    {
        if (type.IsEnum)
            return "";
        var parent = type.BaseType is { } b && b != typeof(object) && b != typeof(ValueType) ? new[] { Name(b) } : [];
        var interfaces = type.GetInterfaces().Where(i => i.IsPublic || i.IsNestedPublic).Select(Name).Order(StringComparer.Ordinal);
        string[] all = [.. parent, .. interfaces];
        return all.Length > 0 ? " : " + string.Join(", ", all) : "";
    }

    private static string Name(Type type)
    {
        if (type.IsByRef)
            return "ref " + Name(type.GetElementType()!);
        if (type.IsArray)
            return Name(type.GetElementType()!) + "[]";
        if (type.IsGenericParameter)
            return type.Name;
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Name(underlying) + "?";
        if (Keywords.TryGetValue(type, out var keyword))
            return keyword;
        var name = type.IsNested ? $"{OuterName(type.DeclaringType!)}.{WithoutArity(type)}"
            : Short.Contains(type.Namespace) ? WithoutArity(type) : $"{type.Namespace}.{WithoutArity(type)}";
        return type.IsGenericType ? name + Generics(type.GetGenericArguments()) : name;
    }

    private static string OuterName(Type type) =>
        type.IsNested ? $"{OuterName(type.DeclaringType!)}.{WithoutArity(type)}"
        : type.Namespace == "TorchSharp" ? WithoutArity(type) : $"{type.Namespace}.{WithoutArity(type)}";

    private static string Generics(Type[] arguments) => $"<{string.Join(", ", arguments.Select(Name))}>";

    private static string WithoutArity(Type type) => type.Name.Split('`')[0];

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static bool IsVisible(MethodBase? method) => method is { IsPublic: true } or { IsFamily: true } or { IsFamilyOrAssembly: true };

    private static bool IsVisible(Type type) =>
        (type.IsPublic || type.IsNestedPublic || type.IsNestedFamily) && (type.DeclaringType is null || IsVisible(type.DeclaringType));
}
