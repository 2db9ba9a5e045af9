using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>augmentation</c>, the capture's or the training's: steps in the order in which they are written.</summary>
internal static class AugmentationSection
{
    private const string ChannelAxis = "channel-axis";

    /// <summary>Reads a mapping, or <c>none</c>. Where it does not say the axis of channels, it is the data's.</summary>
    public static Augmentation Read(RecipeValue value)
    {
        if (value.IsNone)
            return Augmentation.None;
        var map = value.Map([ChannelAxis, .. AugmentationStep.Kinds.Names]);
        AugmentationStep[] steps =
        [
            .. value.Entries().Where(entry => entry.Key.Text() != ChannelAxis && !entry.Value.IsNone)
                .Select(entry => (AugmentationStep)SettingsSection.ReadShort(AugmentationStep.Kinds.Find(entry.Key.Text())!, entry.Value)),
        ];
        if (steps.Length == 0)
            return Augmentation.None;
        var axis = map.Find(ChannelAxis) ?? value.FromTop("data", "preprocessing", ChannelAxis);
        var augmentation = new Augmentation(steps) { ChannelAxis = axis?.WholeNumber(0) ?? 0 };
        return augmentation.Problem() is not { } problem
            ? augmentation
            : throw value.Error("A setting of the augmentation is out of range.", $"{problem.Setting}: {problem.Found}", problem.Expected);
    }

    /// <summary>Writes it.</summary>
    public static object Write(Augmentation augmentation) => augmentation.IsNone
        ? "none"
        : YamlTree.Line(
        [
            .. augmentation.Steps.Select(step => (AugmentationStep.Kinds.NameOf(step.GetType()), (object?)SettingsSection.WriteShort(step))),
            (ChannelAxis, augmentation.ChannelAxis == 0 ? null : augmentation.ChannelAxis),
        ]);
}
