using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>augmentation</c>, the capture's or the training's: steps in the order in which they are written.</summary>
internal static class AugmentationSection
{
    private const string ChannelAxis = "channel-axis";

    /// <summary>Reads it.</summary>
    /// <param name="value">The mapping, or <c>none</c>.</param>
    /// <param name="channelAxis">The axis of channels if the mapping does not say it: the data's.</param>
    public static Augmentation Read(RecipeValue value, int channelAxis)
    {
        if (value.IsNone)
            return Augmentation.None;
        var axis = value.Map([ChannelAxis, .. AugmentationSteps.Names]).Read(ChannelAxis, channelAxis, v => v.WholeNumber(0));
        AugmentationStep[] steps =
        [
            .. value.Entries().Where(entry => entry.Key.Text() != ChannelAxis)
                .Select(entry => AugmentationSteps.Read(entry.Key.Text(), entry.Value)).OfType<AugmentationStep>(),
        ];
        if (steps.Length == 0)
            return Augmentation.None;
        var augmentation = new Augmentation(steps) { ChannelAxis = axis };
        return augmentation.Problem() is not { } problem
            ? augmentation
            : throw value.Error(
                "A setting of the augmentation is out of range.",
                $"{AugmentationSteps.Dashed(problem.Setting)}: {problem.Found}", problem.Expected);
    }

    /// <summary>Writes it.</summary>
    public static object Write(Augmentation augmentation)
    {
        if (augmentation.IsNone)
            return "none";
        var steps = augmentation.Steps.Select(AugmentationSteps.Write);
        return YamlTree.Line([.. steps, (ChannelAxis, augmentation.ChannelAxis == 0 ? null : augmentation.ChannelAxis)]);
    }
}
