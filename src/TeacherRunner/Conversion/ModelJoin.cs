using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Sessions;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>Puts one model behind another, so that both are one file: many are published with their preprocessing as an ONNX file of its own.</summary>
internal static class ModelJoin
{
    // The first that smooths what gets smaller.
    private const int OpsetOfSmoothing = 18;
    private const int OpsetOfGather = 11;

    /// <summary>Joins models.</summary>
    /// <param name="models">In the order in which they run; each but the last has one output, each but the first one input.</param>
    /// <param name="known">The operators whose rules are known, for models of different operator sets.</param>
    /// <returns>A model with the first one's inputs and the last one's outputs.</returns>
    /// <exception cref="InputException">An output and the input behind it do not fit.</exception>
    /// <exception cref="UnsupportedModelException">The older one's operator set cannot be raised to the other's.</exception>
    public static OnnxModel Of(IReadOnlyList<OnnxModel> models, IReadOnlyCollection<string> known)
    {
        var joined = models[^1].Given.Clone();
        for (var i = models.Count - 2; i >= 0; i--)
            joined = Join(models[i], i, joined, NameOf(models[i + 1]), known);
        return OnnxModel.FromProto(joined);
    }

    /// <summary>A model that resizes pictures: linear between the centres of pixels, and smoothed where they get smaller.</summary>
    /// <param name="behind">The model that takes them, [N, channels, height, width] or [N, height, width].</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="width">Columns of pixels.</param>
    /// <exception cref="InputException">That one takes no pictures.</exception>
    public static OnnxModel Resize(OnnxModel behind, int height, int width)
    {
        var graph = Pictures(behind, height, width);
        var (given, taken, isFlat) = (graph.Input[0].Name, graph.Output[0].Name, graph.Input[0].ShapeOf()!.Count == 3);
        if (isFlat)
        {
            graph.Initializer.Add(Numbers("channels", 1));
            graph.Node.Add(GraphEdits.Node("Unsqueeze", [given, "channels"], "layers"));
            (given, taken) = ("layers", "resized");
        }
        graph.Initializer.Add(Numbers("size", height, width));
        graph.Initializer.Add(Numbers("from", 0));
        graph.Initializer.Add(Numbers("to", 2));
        graph.Node.Add(GraphEdits.Node("Shape", [given], "shape"));
        graph.Node.Add(GraphEdits.Node("Slice", ["shape", "from", "to"], "others"));
        graph.Node.Add(GraphEdits.Node("Concat", ["others", "size"], "sizes", GraphEdits.Integer("axis", 0)));
        graph.Node.Add(GraphEdits.Node(
            "Resize", [given, "", "", "sizes"], taken, Text("mode", "linear"), Text("coordinate_transformation_mode", "half_pixel"),
            GraphEdits.Integer("antialias", 1)));
        if (isFlat)
            graph.Node.Add(GraphEdits.Node("Squeeze", [taken, "channels"], graph.Output[0].Name));
        return Model(graph, OpsetOfSmoothing);
    }

    /// <summary>A model that reverses the channels of pictures: red, green, blue becomes blue, green, red.</summary>
    /// <param name="behind">The model that takes them, [N, channels, height, width].</param>
    /// <exception cref="InputException">That one takes no pictures of a known number of channels.</exception>
    public static OnnxModel ReverseChannels(OnnxModel behind)
    {
        var graph = Pictures(behind);
        var channels = graph.Input[0].ShapeOf()![1].Size ?? throw new InputException(
            "The channels of a model's input are not known.", $"input '{behind.Proto.Graph.Input[0].Name}' of {NameOf(behind)}", remedy: "export the model with a fixed number of channels");
        graph.Initializer.Add(Numbers("order", [.. Enumerable.Range(0, (int)channels).Reverse().Select(channel => (long)channel)]));
        graph.Node.Add(GraphEdits.Node("Gather", [graph.Input[0].Name, "order"], graph.Output[0].Name, GraphEdits.Integer("axis", 1)));
        return Model(graph, (int)(behind.Proto.OwnVersion() ?? OpsetOfGather));
    }

    private static ModelProto Join(OnnxModel first, int index, ModelProto second, string secondName, IReadOnlyCollection<string> known)
    {
        var (front, name) = (first.Proto.Clone(), NameOf(first));
        var (output, input) = (OnlyOutput(front.Graph, name), OnlyInput(second.Graph, secondName));
        RequireFit(output, name, input, secondName);
        Level(front, name, second, secondName, known);
        if (front.Functions.Count > 0)
            throw new UnsupportedModelException("A model with functions of its own cannot be joined.", name, $"{front.Functions.Count} functions", "none", "export the model with its functions inlined");

        var (prefix, kept) = (FreePrefix(second.Graph, index), front.Graph.Input.Select(value => value.Name).ToHashSet(StringComparer.Ordinal));
        var between = prefix + output.Name;
        Rename(front.Graph, tensor => kept.Contains(tensor) && tensor != output.Name ? tensor : prefix + tensor);
        Rename(second.Graph, tensor => tensor == input.Name ? between : kept.Contains(tensor) ? $"{tensor}/behind" : tensor);
        var joined = second.Graph;
        joined.Input.Remove(joined.Input.First(value => value.Name == between));
        ValueInfoProto[] others = [.. joined.Input];
        joined.Input.Clear();
        joined.Input.AddRange(front.Graph.Input.Concat(others));
        HoldBatch(joined.Input[0], input);
        NodeProto[] nodes = [.. front.Graph.Node, .. joined.Node];
        joined.Node.Clear();
        joined.Node.AddRange(nodes);
        joined.Initializer.AddRange(front.Graph.Initializer);
        joined.SparseInitializer.AddRange(front.Graph.SparseInitializer);
        joined.ValueInfo.AddRange(front.Graph.ValueInfo);
        second.IrVersion = Math.Max(second.IrVersion, front.IrVersion);
        return second;
    }

    /// <summary>Brings both to the same version of each set of operators.</summary>
    private static void Level(ModelProto front, string name, ModelProto second, string secondName, IReadOnlyCollection<string> known)
    {
        foreach (var own in front.OpsetImport)
        {
            if (second.OpsetImport.FirstOrDefault(other => DomainOf(other) == DomainOf(own)) is not { } theirs)
                second.OpsetImport.Add(own.Clone());
            else if (DomainOf(own).Length == 0 && own.Version != theirs.Version)
            {
                var target = (int)Math.Max(own.Version, theirs.Version);
                if (own.Version < target)
                    OpsetConversion.Apply(front, target, known, name);
                else
                    OpsetConversion.Apply(second, target, known, secondName);
                return;
            }
            else if (own.Version != theirs.Version)
                throw new UnsupportedModelException(
                    "Two models use different versions of the same operators.", $"{name} and {secondName}", $"'{own.Domain}' {own.Version} and {theirs.Version}", "one version", "export both for the same version");
        }

        static string DomainOf(OperatorSetIdProto set) => set.Domain == "ai.onnx" ? "" : set.Domain;
    }

    /// <summary>What no name begins with: the models may have been joined before.</summary>
    private static string FreePrefix(GraphProto graph, int index)
    {
        string[] names = [.. graph.Node.SelectMany(node => node.Output.Append(node.Name)), .. graph.Initializer.Select(tensor => tensor.Name), .. graph.Input.Select(input => input.Name)];
        return Enumerable.Range(index + 1, names.Length + 1).Select(i => $"front{i}/").First(prefix => !names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)));
    }

    /// <summary>Where the second model takes batches of one size, so does what stands before it.</summary>
    private static void HoldBatch(ValueInfoProto first, ValueInfoProto behind)
    {
        if (behind.ShapeOf() is [{ Size: { } batch }, ..] && first.Type.TensorType.Shape is { Dim: [{ } axis, ..] })
            axis.DimValue = batch;
    }

    private static void RequireFit(ValueInfoProto output, string from, ValueInfoProto input, string to)
    {
        var (given, taken) = (output.ShapeOf(), input.ShapeOf());
        var fits = output.DataTypeOf() == input.DataTypeOf()
            && (given is null || taken is null || given.Count == taken.Count && given.Zip(taken).All(axes => axes.First.Size is null || axes.Second.Size is null || axes.First.Size == axes.Second.Size));
        if (!fits)
            throw new InputException(
                "What one model gives is not what the next one takes.", $"output '{output.Name}' of {from}, input '{input.Name}' of {to}", Describe(output, given), Describe(input, taken),
                "give the models in the order in which they run; --resize changes the size of pictures");

        static string Describe(ValueInfoProto value, IReadOnlyList<Dim>? shape) => $"{(DataType)value.DataTypeOf()} {(shape is null ? "of any shape" : $"[{string.Join(", ", shape)}]")}";
    }

    private static ValueInfoProto OnlyOutput(GraphProto graph, string model) => graph.Output is [var only] ? only : throw new InputException(
        "It is not clear which output goes on.", model, string.Join(", ", graph.Output.Select(output => $"'{output.Name}'")), "one output", "give a model with one output before another");

    private static ValueInfoProto OnlyInput(GraphProto graph, string model) => new GraphIndex(graph).Inputs is [var only] ? only : throw new InputException(
        "It is not clear which input comes first.", model, string.Join(", ", new GraphIndex(graph).Inputs.Select(input => $"'{input.Name}'")), "one input", "only a model with one input can stand behind another");

    private static GraphProto Pictures(OnnxModel behind, params int[] resized)
    {
        var isResized = resized.Length > 0;
        var input = OnlyInput(behind.Proto.Graph, NameOf(behind));
        if (input.ShapeOf() is not { } shape || !(shape.Count == 4 || shape.Count == 3 && isResized) || input.DataTypeOf() is not ((int)DataType.Float or (int)DataType.Float16 or (int)DataType.Double))
            throw new InputException(
                "Only pictures of floats can be changed before a model.", $"input '{input.Name}' of {NameOf(behind)}", $"{(DataType)input.DataTypeOf()} {(input.ShapeOf() is { } found ? $"[{string.Join(", ", found)}]" : "of any shape")}",
                isResized ? "float [N, channels, height, width] or [N, height, width]" : "float [N, channels, height, width]");
        var (given, taken) = (new ValueInfoProto { Name = input.Name, Type = input.Type.Clone() }, new ValueInfoProto { Name = "picture", Type = input.Type.Clone() });
        if (isResized)
        {
            foreach (var (axis, name) in new[] { (shape.Count - 2, "height"), (shape.Count - 1, "width") })
                given.Type.TensorType.Shape.Dim[axis] = new() { DimParam = name };
            (taken.Type.TensorType.Shape.Dim[^2].DimValue, taken.Type.TensorType.Shape.Dim[^1].DimValue) = (resized[0], resized[1]);
        }
        return new() { Name = "front", Input = { given }, Output = { taken } };
    }

    private static OnnxModel Model(GraphProto graph, int opset) => OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = opset } } });

    private static TensorProto Numbers(string name, params long[] values) => TensorData.Create(name, values, values.Length);

    private static AttributeProto Text(string name, string value) => new() { Name = name, Type = AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8(value) };

    private static string NameOf(OnnxModel model) => model.Path is null ? "what is put in front" : Path.GetFileName(model.Path);

    /// <summary>Gives tensors other names, in subgraphs too.</summary>
    private static void Rename(GraphProto graph, Func<string, string> rename)
    {
        foreach (var node in graph.Node)
        {
            Replace(node.Input, Named);
            Replace(node.Output, Named);
            node.Name = Named(node.Name);
            foreach (var inner in ModelTraversal.Subgraphs(node))
                Rename(inner, rename);
        }
        foreach (var tensor in graph.Initializer.Concat(graph.SparseInitializer.Select(sparse => sparse.Values)))
            tensor.Name = Named(tensor.Name);
        foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
            value.Name = Named(value.Name);

        string Named(string name) => name.Length == 0 ? name : rename(name);

        static void Replace(IList<string> names, Func<string, string> rename)
        {
            for (var i = 0; i < names.Count; i++)
                names[i] = rename(names[i]);
        }
    }
}
