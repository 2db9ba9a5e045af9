using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Core.Preparation;

/// <summary>Which input of the samples feeds which input of a model: that of its name, unless the recipe says otherwise.</summary>
internal static class InputMatch
{
    private const string File = "FILE"; // stands for one that the reader knows

    /// <summary>Matches.</summary>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="sample">One sample.</param>
    /// <param name="feeds">What is fed otherwise than by name.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <exception cref="InputException">Something has no partner, or is of a kind that does not fit.</exception>
    public static IReadOnlyList<FedInput> Find(IReadOnlyList<ValueInfoProto> inputs, SampleShape sample, InputFeeds feeds, string model)
    {
        if (feeds.All.FirstOrDefault(feed => inputs.All(input => input.Name != feed.Input)) is { } unknown)
            throw new InputException(
                "A model has no input of that name.", $"inputs of {model}", $"'{unknown.Input}'", List(inputs),
                Suggestions.Nearest(unknown.Input, inputs.Select(input => input.Name)) is { } nearest ? $"did you mean '{nearest}'?" : "correct 'inputs' under the model");
        ValueInfoProto[] open = [.. inputs.Where(input => feeds.Of(input.Name) is not { From: null })];
        if (sample.Parts.Count == 0 && (open.Length != 1 || feeds.Of(open[0].Name) is not null))
            throw Refuse(inputs, open, $"one tensor {sample}", YamlWord.Map(open.Select(input => (input.Name, File))), model);
        if (sample.Parts.Count == 0)
            return [.. inputs.Select(input => new FedInput(input, input == open[0] ? new SamplePart(input.Name, ElementType.Float32, [.. sample]) : null))];
        if (open.FirstOrDefault(input => PartOf(input) is null) is { } missing)
            throw Refuse(inputs, open, $"{sample}", YamlWord.Map((missing.Name, File)), model);
        if (open.Length == 0)
            throw Refuse(inputs, open, $"{sample}", null, model);
        return [.. inputs.Select(input => new FedInput(input, open.Contains(input) ? Require(input, PartOf(input)!, IsChosen(input), model) : null))];

        // Whoever says that a column of texts feeds an input of integers means the numbers that stand for them.
        bool IsChosen(ValueInfoProto input) => feeds.Of(input.Name) is { From: not null } || InputFront.PartFor(input.Name) != input.Name;

        SamplePart? PartOf(ValueInfoProto input) => sample.Find(feeds.Of(input.Name)?.From ?? InputFront.PartFor(input.Name));
    }

    /// <summary>The error that an input has another shape than what would feed it.</summary>
    public static InputException Misfit(ValueInfoProto input, SamplePart part, string model) => new(
        "A model's input and the samples' input of its name differ in shape.", $"input '{input.Name}' of {model}", $"{part} in each sample",
        $"{Shapes.Format(input.ShapeOf()!.Skip(1))} (after the batch axis)", "check that this model and this transfer set belong together");

    private static SamplePart Require(ValueInfoProto input, SamplePart part, bool isChosen, string model)
    {
        var (where, type) = ($"input '{input.Name}' of {model}", (DataType)(input.Type?.TensorType?.ElemType ?? 0));
        if (type == DataType.Undefined || input.ShapeOf() is not { Count: > 0 })
            throw new InputException("A model's input has no batch axis.", where, Describe(input), "[N, ...]", $"if it is no sample, feed it a constant: inputs: {YamlWord.Map((input.Name, InputFeed.Zeros))} under the model");
        if (type == DataType.String && !part.IsText)
            throw new InputException(
                "A model takes texts, and the column holds numbers.", where, $"{part}", "texts", $"to take them as they are written, set table.texts: [{YamlWord.Of(part.Name)}] under each set (--set data.transfer.table.texts=[{YamlWord.Of(part.Name)}])");
        if (type != DataType.String && part.IsText && !(isChosen && (type is DataType.Int32 or DataType.Int64)))
            throw new InputException(
                "A model takes numbers, and the column holds texts.", where, $"{part}: {string.Join(", ", part.Texts.Take(3).Select(text => $"'{text}'"))}, ...", TensorTypes.Name((int)type),
                part.Texts.Select(text => CommaNumbers.Of(text)).FirstOrDefault(comma => comma != CommaNumber.None) is not CommaNumber.None and var comma ? CommaNumbers.Remedy(comma)
                : $"correct the values, or name another column under each set: inputs: {YamlWord.Map((part.Name, "#COLUMN"))}; a model that takes the texts' numbers says so: inputs: {YamlWord.Map((input.Name, part.Name))} under it");
        return type == DataType.String || TensorTypes.TryElementType((int)type, out _) ? part : throw new InputException(
            "A model's input holds neither numbers nor texts.", where, TensorTypes.Name((int)type), "numbers or texts");
    }

    private static InputException Refuse(IReadOnlyList<ValueInfoProto> inputs, ValueInfoProto[] open, string samples, string? line, string model) => new(
        "The inputs of a model and those of the samples do not match.", model, $"samples of {samples}", $"one for each of {inputs.Count}: {List(inputs)}",
        line is null ? "feed fewer of them constants"
            : $"add to 'inputs' of each set: {line}, a file, or a tensor of the samples' file (\"#KEY\"){(open.Length > 0 ? $"; for what is no sample, a constant under the model: inputs: {YamlWord.Map((open[^1].Name, InputFeed.Zeros))} (--set student.inputs.{open[^1].Name}={InputFeed.Zeros}, of a teacher --set teachers.0.inputs.{open[^1].Name}={InputFeed.Zeros})" : "")}");

    private static string List(IEnumerable<ValueInfoProto> inputs) => string.Join(", ", inputs.Select(Describe));

    private static string Describe(ValueInfoProto input) => input.Type?.TensorType is null
        ? input.Name
        : $"{input.Name} {TensorTypes.Name(input.DataTypeOf()).ToLowerInvariant()} {Shapes.Format(input.ShapeOf() ?? [])}";
}
