using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>Which of a set's named inputs says what of a sample is padding.</summary>
internal static class MaskChoice
{
    /// <summary>What a mask is usually called.</summary>
    public static IReadOnlyList<string> Usual { get; } = ["attention_mask", "input_mask", "mask"];

    /// <summary>Finds it: the one that the options name, else one of a usual name that has positions.</summary>
    /// <param name="options">The set's options.</param>
    /// <param name="parts">Its inputs.</param>
    /// <returns>Its name; <c>null</c>: there is none.</returns>
    /// <exception cref="InputException">It is not there, or as long as nothing beside it.</exception>
    public static string? Find(TransferSetOptions options, IReadOnlyList<SamplePart> parts)
    {
        if (options is { Mask: not null, Padding: not null })
            throw new InputException(
                "Of the inputs of one set, two are its mask.", options.Samples, $"mask '{options.Mask}' and padding '{options.Padding}'", "one of the two",
                "'mask' names the input that is 1 where a position counts, 'padding' the one that is 1 where it does not: remove the other");
        if (options.Mask == TransferSetOptions.NoMask)
            return null;
        var name = options.Padding ?? options.Mask ?? Usual.FirstOrDefault(name => parts.Any(part => part.Name == name && part.Elements > 1));
        if (name is null)
            return null;
        if (parts.FirstOrDefault(part => part.Name == name) is not { } mask)
            throw new InputException(
                "The mask is none of the samples' inputs.", options.Samples, $"{KeyOf(options)} '{name}'", string.Join(", ", parts.Select(part => part.Name)), $"name one of these, or remove '{KeyOf(options)}'");
        Require(options, mask, SampleShape.Of(parts, name));
        return name;
    }

    /// <summary>The key that names it.</summary>
    public static string KeyOf(TransferSetOptions options) => options.Padding is null ? "mask" : "padding";

    /// <summary>The error that a mask holds something else than 0 and 1.</summary>
    /// <param name="value">What it holds.</param>
    /// <param name="where">Where.</param>
    public static InputException Refuse(float value, string where) => new(
        "A mask holds values other than 0 and 1.", where, Printable.Number(value), "0 and 1: one for each position that counts, the other for each that is padding",
        "correct the mask; if it says something else, set 'mask: none' under the set");

    /// <summary>A mask has an entry for each token, or for each entry of an axis of something beside it.</summary>
    private static void Require(TransferSetOptions options, SamplePart mask, SampleShape shape)
    {
        var others = shape.Parts.Where(part => part.Name != mask.Name && part.Elements > 1).ToArray();
        var ids = shape.Tokens;
        if (ids is null ? others.Length == 0 || others.Any(part => part.Shape.Contains(mask.Elements)) : ids.Elements == mask.Elements)
            return;
        throw new InputException(
            "A mask is not as long as what it masks.", $"{options.Samples}, input '{mask.Name}'", $"{mask.Elements} positions",
            ids is null ? $"as many as {string.Join(" or ", others.Select(part => $"{part}"))}" : $"{ids.Elements}, one for each token of '{ids.Name}'",
            "use files that were written together; if it is no mask of positions, set 'mask: none' under the set");
    }
}
