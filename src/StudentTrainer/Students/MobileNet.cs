using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;
namespace OnnxKd.StudentTrainer.Students;

/// <summary>What the MobileNets share.</summary>
public abstract record MobileNet : Architecture
{
    private const int MostHalvings = 5;
    private const int FewestPixels = 4;

    /// <summary>Factor on the channels.</summary>
    [Setting("factor on the channels", Above = 0, AtMost = 100)]
    public double Width { get; init; } = 1;

    /// <summary>How often the image is halved; by default as often as 4 pixels are left.</summary>
    [Setting("how often the image is halved; by default as often as 4 pixels are left", AtLeast = 0, AtMost = MostHalvings)]
    public int? Halvings { get; init; }

    /// <summary>Before the classifier.</summary>
    [Setting("before the classifier", AtLeast = 0, Below = 1)]
    public double Dropout { get; init; }

    /// <summary>Rounds channels to a multiple of 8, by less than a tenth downwards (the rule of the published models).</summary>
    internal static int Channels(double wanted)
    {
        var rounded = Math.Max(8, (int)(wanted + 4) / 8 * 8);
        return rounded < 0.9 * wanted ? rounded + 8 : rounded;
    }

    /// <summary>The strides of the network, one after the other: the first halvings are left out for small images.</summary>
    private protected Func<int, int> Strides(Value images)
    {
        var halvings = Halvings ?? Math.Clamp(
            (int)Math.Log2((double)Math.Min(images.Size(2), images.Size(3)) / FewestPixels), 0, MostHalvings);
        var left = MostHalvings - halvings;
        return stride => stride == 1 || left-- > 0 ? 1 : stride;
    }
}
