namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>What the MobileNets share.</summary>
internal static class Mobile
{
    private const int MostHalvings = 5;
    private const int FewestPixels = 4;

    /// <summary>The width multiplier.</summary>
    public static StudentOption<double> Width { get; } = Option.Factor("width", 1, "factor on the channels");

    /// <summary>How often the image is halved.</summary>
    public static StudentOption<int?> Halvings { get; } =
        new("halvings", OptionKind.Size, null, "how often the image is halved; by default as often as 4 pixels are left")
        {
            Minimum = 0, Maximum = MostHalvings,
        };

    /// <summary>Dropout.</summary>
    public static StudentOption<double> Dropout { get; } = Option.Probability("dropout", 0, "before the classifier");

    /// <summary>Rounds channels to a multiple of 8, by less than a tenth downwards (the rule of the published models).</summary>
    public static int Channels(double wanted)
    {
        var rounded = Math.Max(8, (int)(wanted + 4) / 8 * 8);
        return rounded < 0.9 * wanted ? rounded + 8 : rounded;
    }

    /// <summary>The strides of the network, one after the other: the first halvings are left out for small images.</summary>
    public static Func<int, int> Strides(StudentRequest student, Value images)
    {
        var halvings = student.Get(Halvings) ?? Math.Clamp(
            (int)Math.Log2((double)Math.Min(images.Size(2), images.Size(3)) / FewestPixels), 0, MostHalvings);
        var left = MostHalvings - halvings;
        return stride => stride == 1 || left-- > 0 ? 1 : stride;
    }
}
