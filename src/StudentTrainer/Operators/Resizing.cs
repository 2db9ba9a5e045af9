namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Resizing of any axes. Every mode is a product with a matrix per axis, or a choice of elements, and so has a gradient.</summary>
internal static class Resizing
{
    private static readonly string[] Policies = ["stretch", "not_larger", "not_smaller"];

    public static Kernel Upsample7(NodeContext node)
    {
        var scales = node.Attributes.GetFloats("scales") ?? throw node.Unsupported("needs scales", "none");
        var values = Array.ConvertAll(scales, scale => (double)scale);
        return Build(node, Simple(node), new(_ => values, null, null));
    }

    public static Kernel Resize10(NodeContext node) => Build(node, Simple(node), new(node.OptionalDoubles(1), null, null));

    public static Kernel Resize11(NodeContext node)
    {
        var attributes = node.Attributes;
        var rule = new ResizeRule(
            Mode(node), Known(node, "coordinate_transformation_mode", "half_pixel", ResizeCoordinates.Rules.Keys),
            Known(node, "nearest_mode", "round_prefer_floor", ResizeCoordinates.Nearest.Keys.Except([ResizeCoordinates.Simple])))
        {
            CubicA = attributes.GetFloat("cubic_coeff_a", -0.75f),
            ExcludeOutside = attributes.GetInt("exclude_outside", 0) != 0,
            Antialias = attributes.GetInt("antialias", 0) != 0,
            Extrapolation = attributes.GetFloat("extrapolation_value", 0),
        };
        if (rule is { Antialias: true, Mode: "nearest" })
            throw node.Unsupported("has no antialiasing in mode nearest", "antialias 1");
        return Build(node, rule, new(node.OptionalDoubles(2), node.OptionalLongs(3), node.OptionalDoubles(1))
        {
            Axes = attributes.GetInts("axes"),
            Policy = Known(node, "keep_aspect_ratio_policy", "stretch", Policies),
        });
    }

    private static Kernel Build(NodeContext node, ResizeRule rule, ResizeTarget target)
    {
        if (target is { Scales: null, Sizes: null })
            throw node.Unsupported("needs scales or sizes", "neither");
        ResizePlan? plan = null; // of the last run: shapes seldom change
        return x =>
        {
            var shape = x[0].shape;
            var axes = target.Fit(x, shape, rule.Coordinates == ResizeCoordinates.Crop);
            var current = plan is { } last && last.IsFor(shape, axes) ? last : plan = new(rule, shape, axes);
            return [current.Apply(x[0])];
        };
    }

    /// <summary>Before version 11 the modes had no attributes of their own.</summary>
    private static ResizeRule Simple(NodeContext node) => new(Mode(node), "asymmetric", ResizeCoordinates.Simple);

    private static string Mode(NodeContext node) => Known(node, "mode", "nearest", ["nearest", "linear", "cubic"]);

    private static string Known(NodeContext node, string name, string defaultValue, IEnumerable<string> known)
    {
        var value = node.Attributes.GetString(name, defaultValue);
        return known.Contains(value)
            ? value
            : throw node.Unsupported($"has an unknown {name}", value, $"expected one of {string.Join(", ", known)}");
    }
}
