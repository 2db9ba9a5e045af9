using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>Edits of a model that leave it a readable message: sizes, names, attributes, nodes; and nodes that ask for memory or time.</summary>
internal static class ModelMutations
{
    private static readonly string[] Operators =
    [
        "Add", "AveragePool", "BatchNormalization", "Cast", "Concat", "Conv", "ConvTranspose", "CumSum", "DequantizeLinear", "Einsum", "Expand", "Flatten", "Gather",
        "GatherND", "Gemm", "GRU", "If", "LayerNormalization", "Loop", "LSTM", "MatMul", "MaxPool", "Max", "OneHot", "Pad", "QuantizeLinear", "Range", "ReduceMean",
        "Reshape", "Resize", "ScatterND", "Shape", "Slice", "Softmax", "Split", "Squeeze", "Sum", "Tile", "TopK", "Transpose", "Unsqueeze", "Where", "NoSuch",
    ];

    private static readonly Action<ModelProto, Dice>[] edits =
    [
        (model, dice) => Sizes(model.Graph.Input, dice),
        (model, dice) => Sizes(model.Graph.Output, dice),
        TensorSize, TensorType, TensorValues, TensorGone, InputName, InputName, OutputName, OperatorOf, OperatorOf, AttributeOf, AttributeOf, NodeGone, NodeTwice,
        NodesSwapped, Metadata, Opset, Bomb, Bomb, EndlessLoop,
    ];

    public static byte[] Apply(byte[] bytes, Dice dice)
    {
        var model = ModelProto.Parser.ParseFrom(bytes);
        for (var count = 1 + dice.Below(2); count > 0; count--)
            dice.Of(edits)(model, dice);
        return model.ToByteArray();
    }

    private static void Sizes(IList<ValueInfoProto> values, Dice dice)
    {
        if (values.Count == 0 || dice.Of([.. values]).Type?.TensorType is not { } tensor)
            return;
        if (dice.OneIn(4))
            tensor.ElemType = dice.Below(26);
        else if (tensor.Shape is { Dim.Count: > 0 } shape)
            shape.Dim[dice.Below(shape.Dim.Count)] = new() { DimValue = dice.Extreme() };
    }

    private static void TensorSize(ModelProto model, Dice dice)
    {
        if (Tensor(model, dice) is not { } tensor)
            return;
        if (tensor.Dims.Count == 0 || dice.OneIn(4))
            tensor.Dims.Add(dice.OneIn(2) ? 1 : dice.Extreme());
        else if (dice.OneIn(3))
            tensor.Dims.RemoveAt(dice.Below(tensor.Dims.Count));
        else
            tensor.Dims[dice.Below(tensor.Dims.Count)] = dice.Extreme();
    }

    private static void TensorType(ModelProto model, Dice dice)
    {
        if (Tensor(model, dice) is { } tensor)
            tensor.DataType = dice.Below(26);
    }

    private static void TensorValues(ModelProto model, Dice dice)
    {
        if (Tensor(model, dice) is not { RawData.Length: > 0 } tensor)
            return;
        var values = tensor.RawData.ToByteArray();
        if (dice.OneIn(3))
            Array.Fill(values, (byte)0xff);
        else
            BitConverter.TryWriteBytes(values.AsSpan(dice.Below(values.Length)), dice.Extreme());
        tensor.RawData = ByteString.CopyFrom(values);
    }

    private static void TensorGone(ModelProto model, Dice dice)
    {
        if (model.Graph.Initializer.Count > 0)
            model.Graph.Initializer.RemoveAt(dice.Below(model.Graph.Initializer.Count));
    }

    private static void InputName(ModelProto model, Dice dice)
    {
        if (Node(model, dice) is not { Input.Count: > 0 } node)
            return;
        var at = dice.Below(node.Input.Count);
        switch (dice.Below(4))
        {
            case 0: node.Input[at] = ""; break;
            case 1: node.Input.RemoveAt(at); break;
            case 2: node.Input.Add(dice.OneIn(2) ? "" : Name(model, dice)); break;
            default: node.Input[at] = Name(model, dice); break;
        }
    }

    private static void OutputName(ModelProto model, Dice dice)
    {
        if (Node(model, dice) is { Output.Count: > 0 } node)
            node.Output[dice.Below(node.Output.Count)] = dice.OneIn(3) ? "" : Name(model, dice);
    }

    private static void OperatorOf(ModelProto model, Dice dice)
    {
        if (Node(model, dice) is not { } node)
            return;
        node.OpType = dice.Of(Operators);
        if (dice.OneIn(2))
            node.Attribute.Clear();
    }

    private static void AttributeOf(ModelProto model, Dice dice)
    {
        if (Node(model, dice) is not { Attribute.Count: > 0 } node)
            return;
        var attribute = dice.Of([.. node.Attribute]);
        switch (dice.Below(5))
        {
            case 0: attribute.I = dice.Extreme(); break;
            case 1 when attribute.Ints.Count > 0: attribute.Ints[dice.Below(attribute.Ints.Count)] = dice.Extreme(); break;
            case 2: attribute.Ints.Add(dice.Extreme()); break;
            case 3: attribute.Type = (AttributeProto.Types.AttributeType)dice.Below(12); break;
            default: node.Attribute.Remove(attribute); break;
        }
    }

    private static void NodeGone(ModelProto model, Dice dice)
    {
        if (model.Graph.Node.Count > 0)
            model.Graph.Node.RemoveAt(dice.Below(model.Graph.Node.Count));
    }

    private static void NodeTwice(ModelProto model, Dice dice)
    {
        if (Node(model, dice) is { } node)
            model.Graph.Node.Insert(dice.Below(model.Graph.Node.Count + 1), node.Clone());
    }

    private static void NodesSwapped(ModelProto model, Dice dice)
    {
        var nodes = model.Graph.Node;
        if (nodes.Count < 2)
            return;
        var (a, b) = (dice.Below(nodes.Count), dice.Below(nodes.Count));
        (nodes[a], nodes[b]) = (nodes[b].Clone(), nodes[a].Clone());
    }

    private static void Metadata(ModelProto model, Dice dice)
    {
        for (var i = dice.Below(3); i >= 0; i--)
            model.MetadataProps.Add(new StringStringEntryProto { Key = "key\u001b[2J", Value = "\r\u0007" });
    }

    private static void Opset(ModelProto model, Dice dice)
    {
        if (model.OpsetImport.Count > 0)
            model.OpsetImport[0].Version = dice.OneIn(3) ? dice.Extreme() : 1 + dice.Below(26);
        if (dice.OneIn(4))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = dice.OneIn(2) ? "ai.onnx" : "com.example", Version = 1 });
    }

    /// <summary>A large tensor, made from small ones, that is added to what a node reads.</summary>
    private static void Bomb(ModelProto model, Dice dice)
    {
        if (Node(model, dice) is not { Input.Count: > 0 } reader)
            return;
        var graph = model.Graph;
        var at = graph.Node.IndexOf(reader);
        var size = dice.Of([1L << 26, 1L << 30, 1L << 34, 1L << 42]);
        graph.Initializer.Add(TensorData.Create("bomb/size", [size], 1));
        graph.Initializer.Add(TensorData.Create("bomb/start", [0f], 1));
        graph.Initializer.Add(TensorData.Create("bomb/zero", [0L]));
        graph.Initializer.Add(TensorData.Create("bomb/one", [1L]));
        graph.Initializer.Add(TensorData.Create("bomb/end", [size]));
        List<NodeProto> nodes = [];
        switch (dice.Below(5))
        {
            case 0: nodes.Add(Make("ConstantOfShape", "bomb", "bomb/size")); break;
            case 1: nodes.Add(Make("Expand", "bomb", "bomb/start", "bomb/size")); break;
            case 2: nodes.Add(Make("Tile", "bomb", "bomb/start", "bomb/size")); break;
            case 3:
                nodes.Add(Make("Range", "bomb/range", "bomb/zero", "bomb/end", "bomb/one"));
                nodes.Add(Make("Cast", "bomb", "bomb/range"));
                nodes[^1].Attribute.Add(Int("to", 1));
                break;
            default:
                const int Doublings = 36;
                for (var i = 0; i < Doublings; i++)
                {
                    var from = i == 0 ? "bomb/start" : $"bomb/{i}";
                    nodes.Add(Make("Concat", i == Doublings - 1 ? "bomb" : $"bomb/{i + 1}", from, from));
                    nodes[^1].Attribute.Add(Int("axis", 0));
                }
                break;
        }
        nodes.Add(Make("ReduceMax", "bomb/most", "bomb"));
        nodes[^1].Attribute.Add(Int("keepdims", 0));
        nodes.Add(Make("Add", "bomb/sum", reader.Input[0], "bomb/most"));
        foreach (var node in nodes)
            graph.Node.Insert(at++, node);
        reader.Input[0] = "bomb/sum";
    }

    private static void EndlessLoop(ModelProto model, Dice dice)
    {
        // Each takes all the time that a model has.
        if (!dice.OneIn(8) || Node(model, dice) is not { Input.Count: > 0 } reader)
            return;
        var graph = model.Graph;
        var at = graph.Node.IndexOf(reader);
        graph.Initializer.Add(TensorData.Create("loop/trips", [long.MaxValue]));
        graph.Initializer.Add(TensorData.Create("loop/on", Core.Tensors.ElementType.Bool, [1]));
        var body = new GraphProto
        {
            Name = "body",
            Input =
            {
                ValueInfo.Create("loop/i", Core.Tensors.ElementType.Int64), ValueInfo.Create("loop/c", Core.Tensors.ElementType.Bool),
                ValueInfo.Create("loop/v", Core.Tensors.ElementType.Float32),
            },
            Node = { Make("Identity", "loop/d", "loop/c"), Make("Identity", "loop/w", "loop/v") },
            Output = { ValueInfo.Create("loop/d", Core.Tensors.ElementType.Bool), ValueInfo.Create("loop/w", Core.Tensors.ElementType.Float32) },
        };
        var loop = Make("Loop", "loop/result", "loop/trips", "loop/on", reader.Input[0]);
        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        graph.Node.Insert(at, loop);
        reader.Input[0] = "loop/result";
    }

    private static NodeProto Make(string operation, string output, params string[] inputs) =>
        new() { OpType = operation, Name = output, Input = { inputs }, Output = { output } };

    private static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static NodeProto? Node(ModelProto model, Dice dice) => model.Graph.Node.Count == 0 ? null : dice.Of(model.Graph.Node);

    private static TensorProto? Tensor(ModelProto model, Dice dice) => model.Graph.Initializer.Count == 0 ? null : dice.Of(model.Graph.Initializer);

    private static string Name(ModelProto model, Dice dice)
    {
        string[] names = [.. model.Graph.Initializer.Select(t => t.Name), .. model.Graph.Node.SelectMany(n => n.Output), .. model.Graph.Input.Select(i => i.Name), "nowhere"];
        return dice.Of(names);
    }
}
