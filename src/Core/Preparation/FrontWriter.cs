using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Core.Preparation;

/// <summary>Writes the nodes of a front.</summary>
/// <param name="graph">The graph; the nodes come first in it.</param>
/// <param name="opset">The version of ONNX's own operators.</param>
internal sealed class FrontWriter(GraphProto graph, long opset)
{
    // Above, Slice takes its bounds as inputs.
    private const long LastWithAttributes = 9;

    private readonly List<NodeProto> nodes = [];
    private readonly Dictionary<string, long> lengths = new(StringComparer.Ordinal);
    private readonly List<long[]> fed = [];

    /// <summary>An input that samples feed: as it is, or as a slice of the row.</summary>
    public void Feed(ValueInfoProto input, SamplePart part, bool isSlice, string model)
    {
        var shape = input.ShapeOf() ?? [];
        long[] dims = [.. SampleFit.Find([.. shape.Skip(1)], part.Shape) ?? throw InputMatch.Misfit(input, part, model)];
        foreach (var (axis, length) in shape.Skip(1).Zip(dims))
            if (axis.Name is not null)
                lengths[axis.Name] = length;
        fed.Add(dims);
        if (isSlice)
            Slice(input, part, dims);
    }

    private void Slice(ValueInfoProto input, SamplePart part, long[] dims)
    {
        var type = (DataType)input.DataTypeOf();
        var last = SliceOf(input.Name, part);
        // The numbers of texts get the shape, so that nothing stands between a text and what reads it.
        if (type == DataType.String)
            last = Node("Cast", input.Name, "index", [last], ("to", (long)DataType.Int64));
        if (dims.Length != 1)
            last = Node("Reshape", input.Name, "shaped", [last, Integers(input.Name, "shape", [-1, .. dims])]);
        if (type == DataType.String)
        {
            var texts = new TensorProto { Name = Name(input.Name, "texts"), DataType = (int)DataType.String, Dims = { part.Texts.Count } };
            texts.StringData.AddRange(part.Texts.Select(Google.Protobuf.ByteString.CopyFromUtf8));
            graph.Initializer.Add(texts);
            last = Node("Gather", input.Name, "text", [texts.Name, last], ("axis", 0));
        }
        if (type is not (DataType.String or DataType.Float))
            Node("Cast", input.Name, "typed", [last], ("to", (long)type));
        nodes[^1].Output[0] = input.Name;
    }

    /// <summary>
    /// An input that is the same number everywhere, in its declared shape: a free axis is as long as that of its name; of several others the first is the batch, and
    /// each one behind it as long as it is in all inputs with as many axes.
    /// </summary>
    public void Fill(ValueInfoProto input, double constant, string row, string model)
    {
        Dim[] shape = [.. (input.ShapeOf() ?? []).Select(axis => axis.Name is not null && lengths.TryGetValue(axis.Name, out var length) ? new(length) : axis)];
        if (shape.Count(axis => axis.IsDynamic) > 1)
            shape = [shape[0], .. shape.Skip(1).Select((axis, i) => axis.IsDynamic && LengthIn(shape.Length - 1, i) is { } length ? new Dim(length) : axis)];
        var free = shape.Index().Where(axis => axis.Item.IsDynamic).ToArray();
        var type = TensorTypes.TryElementType(input.DataTypeOf(), out var known) ? known : throw new InputException(
            "An input of the model cannot be a number.", $"input '{input.Name}' of {model}", TensorTypes.Name(input.DataTypeOf()), "numbers", "feed it from the samples");
        if (free.Length > 1)
            throw new InputException(
                "It is not clear which axis of a model's state is the batch.", $"input '{input.Name}' of {model}", Shapes.Format(shape), "one axis of a length that nothing says",
                "export the model with names for its axes, the same in all inputs");
        var bytes = new byte[type.Size()];
        Number(type, constant, bytes, input.Name, model);
        if (free.Length == 0)
        {
            long[] sizes = [.. shape.Select(axis => axis.Size!.Value)];
            var (count, all) = ((int)sizes.Aggregate(1L, (product, size) => checked(product * size)), new List<byte>());
            for (var i = 0; i < count; i++)
                all.AddRange(bytes);
            nodes.Add(new NodeProto
            {
                OpType = "Constant", Name = Name(input.Name, "constant"), Output = { input.Name },
                Attribute = { new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = TensorData.Create("", type, [.. all], sizes) } },
            });
            return;
        }

        var sizeOf = Node("Gather", input.Name, "batch", [Node("Shape", input.Name, "row", [row]), Integers(input.Name, "first", [0])], ("axis", 0));
        var before = shape.Take(free[0].Index).Select(axis => axis.Size!.Value).ToArray();
        var after = shape.Skip(free[0].Index + 1).Select(axis => axis.Size!.Value).ToArray();
        string[] parts = [.. Static("before", before), sizeOf, .. Static("after", after)];
        var target = parts.Length == 1 ? sizeOf : Node("Concat", input.Name, "shape", parts, ("axis", 0));
        Node("ConstantOfShape", input.Name, "filled", [target]);
        nodes[^1].Attribute.Add(new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = TensorData.Create("", type, bytes, 1) });
        nodes[^1].Output[0] = input.Name;

        IEnumerable<string> Static(string step, long[] sizes) => sizes.Length == 0 ? [] : [Integers(input.Name, step, sizes)];
    }

    /// <summary>How long an axis is in all inputs that samples feed and that have as many; <c>null</c>: there are none, or they differ.</summary>
    private long? LengthIn(int axes, int axis) =>
        fed.Where(dims => dims.Length == axes).Select(dims => dims[axis]).Distinct().ToArray() is [var only] ? only : null;

    /// <summary>Puts the nodes into the graph, and lets the row be its input in place of what they make.</summary>
    public void Finish(IEnumerable<FedInput> made, int? rowLength)
    {
        var inputs = made.Select(input => input.Input).ToArray();
        if (rowLength is { } length)
        {
            var batch = inputs.Select(input => input.ShapeOf()).FirstOrDefault(shape => shape is { Count: > 0 })?[0] ?? new Dim(null);
            graph.Input.Insert(0, ValueInfo.Create(InputFront.Packed, ElementType.Float32, batch, length));
        }

        foreach (var input in inputs)
        {
            graph.Input.Remove(input);
            graph.ValueInfo.Add(input);
        }
        foreach (var (index, node) in nodes.Index())
            graph.Node.Insert(index, node);
    }

    private string SliceOf(string input, SamplePart part)
    {
        long[] first = [part.Offset], end = [part.Offset + part.Elements];
        if (opset > LastWithAttributes)
            return Node("Slice", input, "slice", [InputFront.Packed, Integers(input, "start", first), Integers(input, "end", end), Integers(input, "axis", [1])]);
        var last = Node("Slice", input, "slice", [InputFront.Packed]);
        nodes[^1].Attribute.Add([Ints("axes", [1]), Ints("starts", first), Ints("ends", end)]);
        return last;
    }

    private string Node(string operation, string input, string step, IEnumerable<string> from, params (string Name, long Value)[] attributes)
    {
        var made = Name(input, step);
        nodes.Add(new NodeProto
        {
            OpType = operation, Name = made, Input = { from }, Output = { made },
            Attribute = { attributes.Select(attribute => new AttributeProto { Name = attribute.Name, Type = AttributeType.Int, I = attribute.Value }) },
        });
        return made;
    }

    private string Integers(string input, string step, long[] values)
    {
        var constant = TensorData.Create(Name(input, step), values, values.Length);
        graph.Initializer.Add(constant);
        return constant.Name;
    }

    private static AttributeProto Ints(string name, long[] values) => new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    private static string Name(string input, string step) => $"{InputFront.Prefix}{input}/{step}";

    private static void Number(ElementType type, double value, byte[] bytes, string input, string model)
    {
        if (!type.IsFloat() && value != Math.Truncate(value))
            throw new InputException("A constant does not fit an input of integers.", $"input '{input}' of {model}", $"{value}", $"a number of {type.Name()}", "correct 'inputs'");
        _ = type switch
        {
            ElementType.Float32 => BitConverter.TryWriteBytes(bytes, (float)value),
            ElementType.Float64 => BitConverter.TryWriteBytes(bytes, value),
            ElementType.Float16 => BitConverter.TryWriteBytes(bytes, (Half)value),
            ElementType.BFloat16 => BitConverter.TryWriteBytes(bytes, Elements.ToBFloat16((float)value)),
            ElementType.Int64 or ElementType.UInt64 => BitConverter.TryWriteBytes(bytes, checked((long)value)),
            ElementType.Int32 or ElementType.UInt32 => BitConverter.TryWriteBytes(bytes, unchecked((int)(long)value)),
            ElementType.Int16 or ElementType.UInt16 => BitConverter.TryWriteBytes(bytes, unchecked((short)(long)value)),
            _ => Set(bytes, unchecked((byte)(long)value)),
        };

        static bool Set(byte[] bytes, byte value)
        {
            bytes[0] = value;
            return true;
        }
    }
}
