using System.Globalization;
using Onnx;
using OnnxKd.Core.Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>Lists of classes that stand in a graph.</summary>
internal static class ClassLists
{
    /// <summary>What a model calls its classes: the keys of its maps, or a classifier's own list.</summary>
    /// <param name="model">The model.</param>
    /// <param name="classes">How many classes.</param>
    /// <returns><c>null</c>: nothing says so.</returns>
    public static IReadOnlyList<string>? NamesOf(OnnxModel model, int classes)
    {
        var graph = model.Proto.Graph;
        return model.Maps.FirstOrDefault(map => map.Keys.Count == classes)?.Keys
            ?? graph.Output.SelectMany(output => Behind(graph, output.Name, classes)).Where(found => found.IsOfClasses).Select(found => found.List).FirstOrDefault();
    }

    /// <summary>Those of so many classes that a tensor may be made from.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensor">The tensor.</param>
    /// <param name="classes">How many classes.</param>
    /// <returns>The nearest first, each with whether it is a classifier's own list, and not one that happens to be as long.</returns>
    public static IEnumerable<(IReadOnlyList<string> List, bool IsOfClasses)> Behind(GraphProto graph, string tensor, int classes)
    {
        var (index, seen, open) = (new GraphIndex(graph), new HashSet<string>(), new Queue<string>([tensor]));
        var countsColumns = false;
        while (open.TryDequeue(out var name))
        {
            if (!seen.Add(name))
                continue;
            if (index.Initializers.TryGetValue(name, out var held))
            {
                if (Texts(held) is { } list && list.Count == classes)
                    yield return (list, false);
                continue;
            }

            if (index.Producer(name) is not { } node)
                continue;
            countsColumns |= node.OpType is "ArgMax" or "TopK" or "Greater" or "GreaterOrEqual";
            foreach (var attribute in node.Attribute)
                if (Texts(attribute) is { } list && list.Count == classes)
                    yield return (list, IsList(attribute));
            foreach (var input in node.Input)
                open.Enqueue(input);
        }

        if (countsColumns)
            yield return ([.. Enumerable.Range(0, classes).Select(c => c.ToString(CultureInfo.InvariantCulture))], false);
    }

    private static IReadOnlyList<string>? Texts(AttributeProto attribute) => attribute switch
    {
        { T: { } constant } => Texts(constant),
        // classlabels_ints, classlabels_int64s and classlabels_strings of classifiers; values of a LabelEncoder.
        { Ints.Count: > 0 } when IsList(attribute) => [.. attribute.Ints.Select(number => number.ToString(CultureInfo.InvariantCulture))],
        { Strings.Count: > 0 } when IsList(attribute) => [.. attribute.Strings.Select(text => text.ToStringUtf8())],
        _ => null,
    };

    private static bool IsList(AttributeProto attribute) =>
        attribute.Name.StartsWith("classlabels", StringComparison.Ordinal) || attribute.Name.StartsWith("values_", StringComparison.Ordinal);

    private static IReadOnlyList<string>? Texts(TensorProto tensor) => (DataType)tensor.DataType switch
    {
        DataType.String => [.. tensor.StringData.Select(text => text.ToStringUtf8())],
        DataType.Int64 or DataType.Int32 => [.. tensor.ToLongs().Select(number => number.ToString(CultureInfo.InvariantCulture))],
        _ => null,
    };
}
