using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Preparation;

/// <summary>What feeds an input of a model.</summary>
/// <param name="Input">The input, as the model declares it.</param>
/// <param name="Part">The samples' input; <c>null</c>: a constant.</param>
internal sealed record FedInput(ValueInfoProto Input, SamplePart? Part)
{
    /// <summary>Its element type, ONNX's number.</summary>
    public int Type => Input.DataTypeOf();
}

/// <summary>
/// Puts a front before the inputs of a model, in memory, so that one row of floats for each sample feeds them all: each input is a slice of the row in
/// the shape and the type that it declares; texts are looked up by their numbers, and constants and states are made. It can be taken away again.
/// </summary>
internal static class InputFront
{
    /// <summary>The name of the one input that a model has behind a front.</summary>
    public const string Packed = "onnxkd.inputs";

    /// <summary>What the names of all nodes of a front begin with.</summary>
    internal const string Prefix = "onnxkd.inputs/";

    // What the inputs of built-in students are called, so that they can be told from their other tensors, before the name of the samples' input.
    private const string BuiltIn = "input/";

    // Of a model that uses none of ONNX's own operators.
    private const long DefaultOpset = 13;

    /// <summary>What a built-in student calls an input.</summary>
    /// <param name="part">The samples' input.</param>
    public static string NameFor(string part) => BuiltIn + part;

    /// <summary>The samples' input that feeds a model's input where nothing else is said: the one of its name.</summary>
    /// <param name="input">The model's input.</param>
    public static string PartFor(string input) => input.StartsWith(BuiltIn, StringComparison.Ordinal) ? input[BuiltIn.Length..] : input;

    /// <summary>Whether a model has a front.</summary>
    public static bool IsOn(ModelProto model) => model.Graph.Node.Any(node => node.Name.StartsWith(Prefix, StringComparison.Ordinal));

    /// <summary>The same model with a front, where it needs one: it has several inputs, the samples have, or something is fed with a constant.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="sample">One sample.</param>
    /// <param name="feeds">What is fed otherwise than by name.</param>
    /// <exception cref="InputException">Inputs and samples do not belong together; both sides are listed.</exception>
    public static OnnxModel Behind(OnnxModel model, SampleShape sample, InputFeeds feeds)
    {
        if (sample.Parts.Count == 0 && feeds.AreNone && new GraphIndex(model.Proto.Graph).Inputs.Count <= 1 || IsOn(model.Proto))
            return model;
        var proto = model.Proto.Clone();
        Add(proto, sample, feeds, model.Path is null ? "the model in memory" : Path.GetFileName(model.Path));
        return model.With(proto);
    }

    /// <summary>Puts a front into a model, where it needs one.</summary>
    /// <param name="model">The model; changed.</param>
    /// <param name="sample">One sample.</param>
    /// <param name="feeds">What is fed otherwise than by name.</param>
    /// <param name="name">The model's name, for messages.</param>
    /// <returns>What feeds each of its own inputs; none: no front was needed.</returns>
    /// <exception cref="InputException">Inputs and samples do not belong together; both sides are listed.</exception>
    public static IReadOnlyList<FedInput> Add(ModelProto model, SampleShape sample, InputFeeds feeds, string name)
    {
        var graph = model.Graph;
        ValueInfoProto[] inputs = [.. new GraphIndex(graph).Inputs];
        if (IsOn(model) || sample.Parts.Count == 0 && feeds.AreNone && inputs.Length == 1)
            return [];
        var fed = InputMatch.Find(inputs, sample, feeds, name);
        if (model.OwnVersion() is null)
            model.Import("", DefaultOpset);
        var front = new FrontWriter(graph, model.OwnVersion()!.Value);
        // What is left of a model whose other inputs are constants is fed as it is.
        var row = sample.Parts.Count == 0 ? fed.First(input => input.Part is not null).Input.Name : Packed;
        // Those that samples feed say how long the axes are that the others share with them.
        foreach (var (input, part) in fed)
            if (part is not null)
                front.Feed(input, part, isSlice: sample.Parts.Count > 0, name);
        foreach (var (input, part) in fed)
            if (part is null)
                front.Fill(input, feeds.Of(input.Name)!.Constant, row, name);
        front.Finish(fed.Where(input => input.Input.Name != row), sample.Parts.Count == 0 ? null : sample[0]);
        return fed;
    }

    /// <summary>The same model with its own inputs.</summary>
    /// <param name="model">The model; not changed.</param>
    public static OnnxModel Without(OnnxModel model)
    {
        if (!IsOn(model.Proto))
            return model;
        var proto = model.Proto.Clone();
        Remove(proto);
        return model.With(proto);
    }

    /// <summary>Takes a front away: the model has its own inputs again.</summary>
    /// <param name="model">The model; changed.</param>
    public static void Remove(ModelProto model)
    {
        var graph = model.Graph;
        NodeProto[] front = [.. graph.Node.Where(node => node.Name.StartsWith(Prefix, StringComparison.Ordinal))];
        var made = front.SelectMany(node => node.Output).ToHashSet(StringComparer.Ordinal);
        ValueInfoProto[] inputs = [.. graph.ValueInfo.Where(value => made.Contains(value.Name))];
        foreach (var node in front)
            graph.Node.Remove(node);
        foreach (var constant in graph.Initializer.Where(tensor => tensor.Name.StartsWith(Prefix, StringComparison.Ordinal)).ToArray())
            graph.Initializer.Remove(constant);
        foreach (var input in inputs)
            graph.ValueInfo.Remove(input);
        ValueInfoProto[] kept = [.. graph.Input.Where(input => input.Name != Packed)];
        graph.Input.Clear();
        graph.Input.AddRange([.. inputs, .. kept]);
    }
}
