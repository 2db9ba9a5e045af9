using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>A node on its way to the next operator set.</summary>
/// <param name="node">The node; rules change it in place.</param>
/// <param name="graph">Its graph, which gets new constants.</param>
/// <param name="kinds">Types and ranks of the graph's tensors; <c>null</c> inside a subgraph.</param>
internal sealed class OpsetStep(NodeProto node, GraphProto graph, TensorKinds? kinds)
{
    /// <summary>The node.</summary>
    public NodeProto Node => node;

    /// <summary>An attribute; <c>null</c> if it is not there.</summary>
    public AttributeProto? Find(string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name);

    /// <summary>The rank of the first input; <c>null</c>: not known.</summary>
    public int? Rank => kinds?.RankOf(node.Input[0]);

    /// <summary>The rank that the file declares of the output; <c>null</c>: it does not.</summary>
    public int? DeclaredRank => graph.Output.Concat(graph.ValueInfo).FirstOrDefault(value => value.Name == node.Output[0])?.ShapeOf()?.Count;

    /// <summary>Removes an attribute.</summary>
    public AttributeProto? Take(string name)
    {
        var attribute = Find(name);
        if (attribute is not null)
            node.Attribute.Remove(attribute);
        return attribute;
    }

    /// <summary>Sets an integer.</summary>
    public void Set(string name, long value)
    {
        Take(name);
        node.Attribute.Add(GraphEdits.Integer(name, value));
    }

    /// <summary>Sets a text.</summary>
    public void Set(string name, string value)
    {
        Take(name);
        node.Attribute.Add(new AttributeProto { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(value) });
    }

    /// <summary>Makes an input of an attribute of integers; nothing is done where it is not there.</summary>
    public void ToInput(string name, int place)
    {
        if (Take(name) is { } attribute)
            Input(place, TensorData.Create("", attribute.Type == AttributeType.Int ? [attribute.I] : attribute.Ints.ToArray(), Math.Max(1, attribute.Ints.Count)));
    }

    /// <summary>Lets the node see two axes: those before one and those from it on. What comes out has the shape of what goes in.</summary>
    /// <param name="axis">The first of the second part.</param>
    public void Flatten(long axis)
    {
        var (given, made) = (node.Input[0], node.Output[0]);
        var (shape, flat, flatMade) = ($"{made}/shape", $"{made}/flat", $"{made}/flat_made");
        (node.Input[0], node.Output[0]) = (flat, flatMade);
        node.Name = node.Name == made ? flatMade : node.Name;
        var place = graph.Node.IndexOf(node);
        graph.Node.Insert(place + 1, GraphEdits.Node("Reshape", [flatMade, shape], made));
        graph.Node.Insert(place, GraphEdits.Node("Flatten", [given], flat, GraphEdits.Integer("axis", axis)));
        graph.Node.Insert(place, GraphEdits.Node("Shape", [given], shape));
    }

    /// <summary>Makes an input of a float, of the type of the first input.</summary>
    /// <returns>Why not; <c>null</c>: done.</returns>
    public string? ToInput(float value, int place)
    {
        switch (kinds?.TypeOf(node.Input[0]))
        {
            case ElementType.Float32:
                Input(place, TensorData.Create("", [value]));
                return null;
            case ElementType.Float16:
                Input(place, TensorData.Create("", ElementType.Float16, BitConverter.GetBytes((Half)value)));
                return null;
            default:
                return "the type of its input is not known, or neither float32 nor float16";
        }
    }

    /// <summary>Gives a constant to an input.</summary>
    public void Input(int place, TensorProto constant)
    {
        constant.Name = $"{node.Output[0]}/{node.OpType}_{place}";
        for (var i = 2; graph.Initializer.Any(other => other.Name == constant.Name); i++)
            constant.Name = $"{node.Output[0]}/{node.OpType}_{place}_{i}";
        graph.Initializer.Add(constant);
        while (node.Input.Count <= place)
            node.Input.Add("");
        node.Input[place] = constant.Name;
    }

    /// <summary>The constant values of an input; <c>null</c> if they are computed.</summary>
    public float[]? Constant(int place) => graph.Initializer.FirstOrDefault(tensor => tensor.Name == node.Input.ElementAtOrDefault(place))?.ToFloats();
}

/// <summary>
/// What ONNX's operators change from one operator set to the next, from 7 to 26, where a node must be changed to go on meaning the same. Changes of
/// types and new attributes whose default is the old meaning are none. Source: ONNX's own changelog of operators.
/// </summary>
internal static class OpsetRules
{
    private static readonly string[] Reductions18 =
        ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"];

    private static readonly Dictionary<(string Operator, int Version), Func<OpsetStep, string?>> Rules = new()
    {
        [("BatchNormalization", 9)] = step => step.Take("spatial") is { I: 0 } ? "it normalises each place on its own (spatial = 0)" : null,
        [("BatchNormalization", 14)] = step => step.Node.Output.Count > 1 ? "it gives statistics of training" : null,
        [("Upsample", 9)] = UpsampleScales,
        [("Upsample", 10)] = step => Do(() => step.Node.OpType = "Resize"),
        [("Slice", 10)] = SliceInputs,
        [("TopK", 10)] = step => Do(() => step.ToInput("k", 1)),
        [("Dropout", 10)] = step => step.Node.Output.Count(output => output.Length > 0) > 1 ? "its mask changes its type" : null,
        [("Resize", 11)] = ResizeOf10,
        [("Clip", 11)] = ClipInputs,
        [("Pad", 11)] = PadInputs,
        [("Scatter", 11)] = step => Do(() => step.Node.OpType = "ScatterElements"),
        [("Dropout", 12)] = step => step.Take("ratio") is { } ratio ? Do(() => step.Input(1, TensorData.Create("", [ratio.F]))) : null,
        [("Softmax", 13)] = SoftmaxAxis,
        [("LogSoftmax", 13)] = SoftmaxAxis,
        [("Squeeze", 13)] = step => Do(() => step.ToInput("axes", 1)),
        [("Unsqueeze", 13)] = step => Do(() => step.ToInput("axes", 1)),
        [("ReduceSum", 13)] = step => Do(() => step.ToInput("axes", 1)),
        [("Split", 13)] = step => Do(() => step.ToInput("split", 1)),
        [("Resize", 13)] = step => step.Find("coordinate_transformation_mode")?.S.ToStringUtf8() == "tf_half_pixel_for_nn" ? "tf_half_pixel_for_nn was removed" : null,
        [("Split", 18)] = step => step.Node.Input.Count < 2 ? Do(() => step.Set("num_outputs", step.Node.Output.Count)) : null,
        [("GridSample", 20)] = GridModes,
        [("GroupNormalization", 21)] = _ => "its scale and bias are for channels instead of groups from then on",
        [("Attention", 24)] = step => step.Node.Output.Count(output => output.Length > 0) > 1 ? "what it gives beside its first output was defined anew" : null,
    };

    static OpsetRules()
    {
        foreach (var reduction in Reductions18)
            Rules[(reduction, 18)] = step => Do(() => step.ToInput("axes", 1));
    }

    /// <summary>Changes a node for a version.</summary>
    /// <returns>Why it cannot be changed; <c>null</c>: it means there what it meant before.</returns>
    public static string? Apply(OpsetStep step, int version) => Rules.TryGetValue((step.Node.OpType, version), out var rule) ? rule(step) : null;

    private static string? Do(Action change)
    {
        change();
        return null;
    }

    private static string? UpsampleScales(OpsetStep step)
    {
        if (step.Take("scales") is { } scales)
            step.Input(1, TensorData.Create("", [.. scales.Floats], scales.Floats.Count));
        return null;
    }

    private static string? SliceInputs(OpsetStep step)
    {
        step.ToInput("starts", 1);
        step.ToInput("ends", 2);
        step.ToInput("axes", 3);
        return null;
    }

    /// <summary>Before 11, places of the output were those of the input times the scale; the nearest was the lower one where an image grows.</summary>
    private static string? ResizeOf10(OpsetStep step)
    {
        if (step.Constant(1) is not { } scales || scales.Any(scale => scale < 1))
            return "its scales are computed, or shrink: which pixel is nearest was not defined";
        step.Node.Input.Insert(1, "");
        step.Input(1, TensorData.Create("", Array.Empty<float>(), 0));
        step.Set("coordinate_transformation_mode", "asymmetric");
        step.Set("nearest_mode", "floor");
        return null;
    }

    private static string? ClipInputs(OpsetStep step)
    {
        var (least, most) = (step.Take("min"), step.Take("max"));
        return (least is null ? null : step.ToInput(least.F, 1)) ?? (most is null ? null : step.ToInput(most.F, 2));
    }

    private static string? PadInputs(OpsetStep step)
    {
        step.ToInput("pads", 1);
        return step.Take("value") is { F: not 0 } value ? step.ToInput(value.F, 2) : null;
    }

    /// <summary>
    /// Before 13, all axes from the named one on (by default 1) were one; from 13 on, the axis (by default the last) stands alone. Where several are one, or
    /// their number is not known, they are made one.
    /// </summary>
    private static string? SoftmaxAxis(OpsetStep step)
    {
        var axis = step.Find("axis")?.I ?? 1;
        step.Set("axis", -1);
        if (axis != -1 && axis + 1 != (step.Rank is > 0 and var rank ? rank : step.DeclaredRank))
            step.Flatten(axis);
        return null;
    }

    private static string? GridModes(OpsetStep step)
    {
        var mode = step.Find("mode")?.S.ToStringUtf8();
        if (mode is "bilinear" or "bicubic")
            step.Set("mode", mode == "bilinear" ? "linear" : "cubic");
        return null;
    }
}
