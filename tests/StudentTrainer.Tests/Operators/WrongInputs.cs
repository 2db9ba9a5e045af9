using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Conformance;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Support;
using static Onnx.AttributeProto.Types;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>
/// ONNX's own tests of single nodes, each made wrong in many ways, one at a time: shapes, ranks, types and values of an input, numbers of an
/// attribute. Runs in a process of its own, which says what it is about to do, so that a death has a name.
/// </summary>
internal static class WrongInputs
{
    /// <summary>The command that starts it; then the first case to run.</summary>
    public const string Command = "wrong-inputs";

    /// <summary>The node's name, which every error must give.</summary>
    private const string NodeName = "the_wrong_one";

    private static readonly string Data = Path.Combine(DataFolder.Of("onnx-tests"), "node");
    private const int Huge = 99;
    private const int MostElements = 4096;

    /// <summary>Runs the cases from a number on, two lines each: <c>case NUMBER OPERATOR NAME</c>, then how it ended.</summary>
    public static int Run(int first)
    {
        var number = 0;
        foreach (var test in Cases())
        {
            if (number++ < first)
                continue;
            Console.WriteLine($"case {number - 1} {test.Graph.Node[0].OpType} {test.Name}");
            Console.WriteLine(Outcome(test));
        }
        return 0;
    }

    /// <summary><c>computed</c>, <c>refused</c> with the node's name, or what else happened.</summary>
    private static string Outcome(ConformanceCase test)
    {
        try
        {
            using var scope = NewDisposeScope();
            var program = test.Compile();
            using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
            var inputs = Array.ConvertAll(test.DataSets[0].Inputs, input => input.ToTensor(CPU));
            foreach (var input in inputs.Where(input => input.is_floating_point()))
                input.requires_grad_();
            var results = program.Run(weights, inputs, training: true);
            foreach (var result in results.Where(result => result.requires_grad && result.is_floating_point()))
                result.sum().backward(null, retain_graph: true);
            return "computed";
        }
        catch (OnnxKdException error)
        {
            return error.Message.Contains(NodeName) ? "refused" : $"error without the node: {error.Message.ReplaceLineEndings(" ")}";
        }
        catch (Exception error)
        {
            return $"{error.GetType().Name}: {error.ToString().ReplaceLineEndings(" ")}";
        }
    }

    /// <summary>All cases, in an order that does not change.</summary>
    public static IEnumerable<ConformanceCase> Cases() =>
        from test in Right()
        from variant in Variants(test.Graph, test.DataSets[0].Inputs)
        select test with { Name = $"{test.Name}: {variant.Name}", Graph = variant.Graph, DataSets = [(variant.Inputs, [])] };

    /// <summary>For each meaning of each operator, with as many inputs as it may have, the small test with the most attributes.</summary>
    private static IEnumerable<ConformanceCase> Right()
    {
        var tests = Directory.GetDirectories(Data).Order(StringComparer.Ordinal).Select(folder => ConformanceCase.Load(folder, out _))
            .OfType<ConformanceCase>().Where(test => test.Graph.Node.Count == 1).Concat(Missing)
            .Where(test => test.DataSets[0].Inputs.All(input => input.ElementCount() <= MostElements))
            .GroupBy(test => (OperatorTable.Find(test.Graph.Node[0].OpType, test.Version), test.DataSets[0].Inputs.Length))
            .Select(group => group.MaxBy(test => test.Graph.Node[0].Attribute.Count)!);
        foreach (var test in tests)
        {
            test.Graph.Node[0].Name = NodeName;
            yield return test;
        }
    }

    /// <summary>Operators that those tests do not know yet.</summary>
    private static ConformanceCase[] Missing =>
    [
        One("Mish", 18, [[2, 3]]),
        One("Gelu", 20, [[2, 3]], ("approximate", "tanh")),
        One("Swish", 24, [[2, 3]]),
        One("LpNormalization", 1, [[2, 3]], ("axis", 1), ("p", 2)),
        One("RMSNormalization", 23, [[2, 3, 4], [4]]),
        One("Attention", 23, [[2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4]]),
        One("RotaryEmbedding", 23, [[2, 2, 3, 4], [2, 3, 2], [2, 3, 2]]),
        One("GroupNormalization", 18, [[2, 4, 3], [2], [2]], ("num_groups", 2)),
        One("GroupNormalization", 21, [[2, 4, 3], [4], [4]], ("num_groups", 2)),
    ];

    private static ConformanceCase One(string op, int version, long[][] shapes, params (string Name, object Value)[] attributes)
    {
        TensorProto[] inputs = [.. shapes.Select((shape, i) => Tensors.Random(i + 1, shape))];
        var graph = new GraphProto { Output = { new ValueInfoProto { Name = "y" } } };
        for (var i = 0; i < inputs.Length; i++)
        {
            inputs[i].Name = $"x{i}";
            graph.Input.Add(new ValueInfoProto { Name = inputs[i].Name });
        }
        graph.Node.Add(new NodeProto
        {
            OpType = op, Input = { inputs.Select(input => input.Name) }, Output = { "y" },
            Attribute = { attributes.Select(attribute => NodeModel.Attribute(attribute.Name, attribute.Value)) },
        });
        return new(op.ToLowerInvariant(), graph, version, [(inputs, [])]);
    }

    private static IEnumerable<(string Name, GraphProto Graph, TensorProto[] Inputs)> Variants(GraphProto graph, TensorProto[] inputs)
    {
        for (var i = 0; i < inputs.Length; i++)
        {
            foreach (var (name, wrong) in Variants(inputs[i]))
                yield return ($"input {i} {name}", graph, [.. inputs[..i], wrong, .. inputs[(i + 1)..]]);
        }
        for (var i = 0; i < graph.Node[0].Attribute.Count; i++)
        {
            foreach (var wrong in Variants(graph.Node[0].Attribute[i]))
            {
                var changed = graph.Clone();
                changed.Node[0].Attribute[i] = wrong;
                yield return ($"attribute {wrong}", changed, inputs);
            }
        }
    }

    private static IEnumerable<(string Name, TensorProto Tensor)> Variants(TensorProto tensor)
    {
        using var scope = NewDisposeScope();
        var given = tensor.ToTensor(CPU);
        var rank = (int)given.ndim;
        var variants = new List<(string, Tensor)>
        {
            ("with an axis more", given.unsqueeze(0)),
            ("with two axes more", given.reshape([1, 1, .. given.shape])),
            ("without axes", given.numel() == 0 ? zeros([], given.dtype) : given.flatten()[0]),
            ("without elements", zeros([0], given.dtype)),
            ("flattened", given.flatten()),
        };
        foreach (var axis in new[] { 0, 1, rank - 1 }.Where(axis => axis >= 0 && axis < rank).Distinct())
        {
            variants.Add(($"longer in axis {axis}", cat([given, given], axis)));
            variants.Add(($"empty in axis {axis}", given.narrow(axis, 0, 0)));
            if (given.shape[axis] > 1)
                variants.Add(($"shorter in axis {axis}", given.narrow(axis, 0, given.shape[axis] - 1)));
        }
        if (rank > 1 && given.numel() > 0)
            variants.Add(("with an axis fewer", given[0]));
        foreach (var type in (ScalarType[])[ScalarType.Bool, ScalarType.Int64, ScalarType.Float16, ScalarType.Float32])
        {
            if (type != given.dtype)
                variants.Add(($"as {type}", given.to(type)));
        }
        if (!given.is_floating_point() && given.dtype != ScalarType.Bool)
            variants.AddRange(((int[])[Huge, -Huge]).Select(value => ($"of {value}", full_like(given, value))));
        return [.. variants.Select(pair => (pair.Item1, Store(tensor.Name, pair.Item2)))];
    }

    private static TensorProto Store(string name, Tensor tensor) =>
        TensorData.Create(name, ElementTypeOf(tensor.dtype), tensor.numel() == 0 ? [] : tensor.contiguous().bytes, tensor.shape);

    private static ElementType ElementTypeOf(ScalarType type) =>
        Enum.GetValues<ElementType>().First(element => TorchTypes.Of(element) == type);

    private static IEnumerable<AttributeProto> Variants(AttributeProto attribute)
    {
        switch (attribute.Type)
        {
            case AttributeType.Int:
                foreach (var value in (long[])[Huge, -Huge, 0])
                    yield return new(attribute) { I = value };
                break;
            case AttributeType.Ints:
                foreach (var value in (long[])[Huge, -Huge, 0])
                {
                    var changed = attribute.Clone();
                    if (changed.Ints.Count > 0)
                        changed.Ints[^1] = value;
                    yield return changed;
                }
                yield return WithInts(attribute, [.. attribute.Ints, 1]);
                yield return WithInts(attribute, [.. attribute.Ints.SkipLast(1)]);
                break;
            case AttributeType.String:
                yield return new(attribute) { S = ByteString.CopyFromUtf8("nonsense") };
                break;
            case AttributeType.Float:
                yield return new(attribute) { F = -Huge };
                break;
        }
        // Whatever it holds, as another type.
        yield return attribute.Type == AttributeType.Floats
            ? new() { Name = attribute.Name, Type = AttributeType.Int, I = 1 }
            : new() { Name = attribute.Name, Type = AttributeType.Floats, Floats = { 0.5f } };
    }

    private static AttributeProto WithInts(AttributeProto attribute, long[] values)
    {
        var changed = attribute.Clone();
        changed.Ints.Clear();
        changed.Ints.AddRange(values);
        return changed;
    }
}
