using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>
/// Turns a float32 model into one whose nodes compute in float16, but for those that are kept. Inputs and outputs of the model stay as they are:
/// Casts stand where the two meet.
/// </summary>
internal sealed class MixedFloat16
{
    // Not defined for float16, or only in newer operator sets.
    private static readonly HashSet<string> FloatOnly =
    [
        "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "NonMaxSuppression", "Range", "CumSum", "Upsample", "MelWeightMatrix",
        "TfIdfVectorizer", "Multinomial", "Bernoulli", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
    ];

    // Nothing is gained where these alone have floats: those of a tree ensemble, say, stay within it.
    private static readonly HashSet<string> Passing = ["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Concat", "Split", "Slice", "Gather"];

    private readonly ModelProto source;
    private readonly TensorKinds kinds;

    private MixedFloat16(ModelProto source, TensorKinds kinds, IReadOnlySet<int> excluded)
    {
        (this.source, this.kinds) = (source, kinds);
        Candidates = [.. Enumerable.Range(0, source.Graph.Node.Count).Where(n => IsCandidate(source.Graph.Node[n]) && !excluded.Contains(n))];
    }

    /// <summary>The nodes that can compute in float16, by their place.</summary>
    public IReadOnlyList<int> Candidates { get; }

    /// <summary>The nodes; constants among them have become initializers.</summary>
    public IReadOnlyList<NodeProto> Nodes => source.Graph.Node;

    /// <summary>Looks at a model; nothing of it is changed.</summary>
    /// <exception cref="UnsupportedModelException">It has subgraphs, or nothing in it is float32.</exception>
    public static MixedFloat16 Of(ModelProto model, string name)
    {
        if (model.Graph.Node.FirstOrDefault(node => node.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0)) is { } branching)
            throw new UnsupportedModelException(
                "The model cannot be converted to float16.", $"node '{branching.Name}' ({branching.OpType}) of {name}", "a node with a subgraph",
                "nodes without subgraphs", "export the model without control flow");
        var source = model.Clone();
        LiftConstants(source.Graph);
        var conversion = new MixedFloat16(source, TensorKinds.Of(source, name), new HashSet<int>());
        return conversion.Candidates.Any(n => !Passing.Contains(source.Graph.Node[n].OpType)) ? conversion : throw new UnsupportedModelException(
            "The model cannot be converted to float16.", name, "no node that computes in float32", "a float32 model", "leave it as it is");
    }

    /// <summary>The float tensors that a node reads and makes.</summary>
    /// <param name="place">The node's place.</param>
    public IEnumerable<string> FloatsOf(int place) => Nodes[place].Output.Concat(Nodes[place].Input.Where((_, i) => !HalfPrecision.IsAlwaysFloat(Nodes[place].OpType, i))).Where(IsFloat);

    /// <summary>The same model, of which some nodes stay in float32 in any case.</summary>
    /// <param name="nodes">Their places.</param>
    public MixedFloat16 Without(IReadOnlySet<int> nodes) => new(source, kinds, nodes);

    /// <summary>The converted model.</summary>
    /// <param name="kept">Nodes that go on in float32, by their place.</param>
    public ModelProto Convert(IReadOnlySet<int> kept)
    {
        var result = source.Clone();
        var half = Candidates.Where(n => !kept.Contains(n)).ToHashSet();
        new Rewriting(result.Graph, kinds, half).Run();
        result.Graph.ValueInfo.Clear(); // hints, which no longer hold
        GraphEdits.RemoveUnusedInitializers(result.Graph);
        GraphEdits.TellApart(result.Graph);
        return result;
    }

    private bool IsCandidate(NodeProto node) => OperatorSets.IsOwn(node.Domain) && !FloatOnly.Contains(node.OpType)
        && node.Output.Concat(node.Input.Where((_, i) => !HalfPrecision.IsAlwaysFloat(node.OpType, i))).Any(IsFloat);

    private bool IsFloat(string tensor) => kinds.TypeOf(tensor) == ElementType.Float32;

    /// <summary>Constants become initializers, so that each reader can have its own precision of them.</summary>
    private static void LiftConstants(GraphProto graph)
    {
        foreach (var node in graph.Node.Where(node => node is { OpType: "Constant", Domain: "" or "ai.onnx", Attribute.Count: 1 }).ToArray())
        {
            var tensor = node.Attribute[0] switch
            {
                { Name: "value", T: { } value } => value.Clone(),
                { Name: "value_float" } attribute => TensorData.Create("", [attribute.F]),
                { Name: "value_floats" } attribute => TensorData.Create("", [.. attribute.Floats], attribute.Floats.Count),
                _ => null,
            };
            if (tensor is null)
                continue;
            tensor.Name = node.Output[0];
            graph.Initializer.Add(tensor);
            graph.Node.Remove(node);
        }
    }

    /// <summary>One pass over a graph. Every float tensor has up to two forms, which are made when they are first asked for.</summary>
    private sealed class Rewriting(GraphProto graph, TensorKinds kinds, IReadOnlySet<int> half)
    {
        private readonly Dictionary<(string Tensor, bool IsHalf), string> forms = [];
        private readonly List<NodeProto> written = [];
        private readonly HashSet<string> outputs = [.. graph.Output.Select(output => output.Name)];
        private readonly Dictionary<string, TensorProto> weights = graph.Initializer.ToDictionary(tensor => tensor.Name);
        private readonly HashSet<string> readAsFloat =
        [
            .. graph.Output.Select(output => output.Name),
            .. graph.Node.SelectMany((node, n) => node.Input.Where((_, i) => !half.Contains(n) || HalfPrecision.IsAlwaysFloat(node.OpType, i))),
        ];

        public void Run()
        {
            foreach (var name in graph.Input.Select(input => input.Name).Concat(weights.Keys))
                forms[(name, false)] = name;
            for (var n = 0; n < graph.Node.Count; n++)
                Write(graph.Node[n], half.Contains(n));
            graph.Node.Clear();
            graph.Node.AddRange(written);
        }

        private void Write(NodeProto node, bool isHalf)
        {
            for (var i = 0; i < node.Input.Count; i++)
                if (kinds.TypeOf(node.Input[i]) == ElementType.Float32)
                    node.Input[i] = Form(node.Input[i], isHalf && !HalfPrecision.IsAlwaysFloat(node.OpType, i));
            written.Add(node);
            if (isHalf)
                HalfPrecision.NarrowTypes(node);
            for (var i = 0; i < node.Output.Count; i++)
                if (kinds.TypeOf(node.Output[i]) == ElementType.Float32)
                    Give(node, i, isHalf);
        }

        private void Give(NodeProto node, int place, bool isHalf)
        {
            var tensor = node.Output[place];
            if (isHalf && outputs.Contains(tensor))
            {
                forms[(tensor, true)] = node.Output[place] = $"{tensor}/float16";
                written.Add(GraphEdits.Cast(node.Output[place], tensor, DataType.Float));
                forms[(tensor, false)] = tensor;
            }
            else
            {
                forms[(tensor, isHalf)] = tensor;
            }
        }

        private string Form(string tensor, bool isHalf)
        {
            if (forms.TryGetValue((tensor, isHalf), out var name))
                return name;
            if (weights.TryGetValue(tensor, out var weight))
            {
                // The name stays where nobody reads the float32 values any more.
                name = readAsFloat.Contains(tensor) ? $"{tensor}/float16" : tensor;
                var narrow = name == tensor ? weight : weight.Clone();
                HalfPrecision.Narrow(narrow);
                narrow.Name = name;
                if (name != tensor)
                    graph.Initializer.Add(narrow);
            }
            else
            {
                name = $"{tensor}/{(isHalf ? "float16" : "float32")}";
                written.Add(GraphEdits.Cast(forms[(tensor, !isHalf)], name, isHalf ? DataType.Float16 : DataType.Float));
            }
            return forms[(tensor, isHalf)] = name;
        }
    }
}
