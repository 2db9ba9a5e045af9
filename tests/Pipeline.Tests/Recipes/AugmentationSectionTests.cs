using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Recipes;

/// <summary>The key <c>augmentation</c>: every step, its defaults, and its mistakes.</summary>
public sealed class AugmentationSectionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, string, AugmentationStep> Steps => new()
    {
        { "shift: 2", "shift: {pixels: 2, fill: 0}", new ShiftStep(2) },
        { "shift: { pixels: 2, fill: 255 }", "shift: {pixels: 2, fill: 255}", new ShiftStep(2, 255) },
        { "crop: {}", "crop: {scale: [0.08, 1], ratio: [0.75, 1.3333333333333333]}", new CropStep(new(0.08, 1), new(0.75, 4 / 3.0)) },
        { "crop: [0.5, 1]", "crop: {scale: [0.5, 1], ratio: [0.75, 1.3333333333333333]}", new CropStep(new(0.5, 1), new(0.75, 4 / 3.0)) },
        { "flip: { horizontal: 0.5 }", "flip: {horizontal: 0.5, vertical: 0}", new FlipStep(0.5) },
        { "flip: { vertical: 1/4 }", "flip: {horizontal: 0, vertical: 0.25}", new FlipStep(0, 0.25) },
        { "rotation: 10", "rotation: {degrees: 10, fill: 0}", new RotationStep(10) },
        { "scale: [0.9, 1.1]", "scale: {factor: [0.9, 1.1], fill: 0}", new ScaleStep(new(0.9, 1.1)) },
        {
            "erase: { probability: 0.25, scale: [0.02, 0.2], ratio: [0.5, 2] }",
            "erase: {probability: 0.25, scale: [0.02, 0.2], ratio: [0.5, 2], fill: 0}",
            new EraseStep(0.25, new(0.02, 0.2), new(0.5, 2))
        },
        {
            "colour: { brightness: 0.4, saturation: 0.1 }", "colour: {brightness: 0.4, contrast: 0, saturation: 0.1}",
            new ColourStep(0.4, 0, 0.1)
        },
        { "noise: 5", "noise: 5", new NoiseStep(5) },
        { "clamp: [0, 255]", "clamp: [0, 255]", new ClampStep(new(0, 255)) },
        { "time-mask: 8", "time-mask: {length: 8, count: 1, fill: 0}", new TimeMaskStep(1, 8) },
        { "frequency-mask: { length: 8, count: 2 }", "frequency-mask: {length: 8, count: 2, fill: 0}", new FrequencyMaskStep(2, 8) },
        {
            "token-mask: { mask: 103, keep: [0, 101] }", "token-mask: {mask: 103, probability: 0.15, keep: [0, 101]}",
            new TokenMaskStep(0.15, 103, [0, 101])
        },
        { "mixup: 0.2", "mixup: {alpha: 0.2, probability: 1}", new MixupStep(0.2) },
        { "cutmix: { probability: 0.5 }", "cutmix: {alpha: 1, probability: 0.5}", new CutMixStep(1, 0.5) },
    };

    [Theory]
    [MemberData(nameof(Steps))]
    public void Read_Step_IsThatOfItsTextAndOfItsResolvedText(string text, string resolved, AugmentationStep step)
    {
        var augmentation = Read($"{{ {text} }}");

        Assert.Equal(new Augmentation(step), augmentation);
        Assert.Equal(
            $"augmentation: {{{resolved}}}\n", YamlTree.Text(YamlTree.Map(("augmentation", AugmentationSection.Write(augmentation)))));
        Assert.Equal(augmentation, Read($"{{ {resolved} }}"));
    }

    [Fact]
    public void Kinds_OfSteps_AreAllReadHere() =>
        Assert.Equal(AugmentationStep.Kinds.Types, Steps.Select(row => row[2]!.GetType()).Distinct());

    [Fact]
    public void Read_SeveralSteps_KeepTheirOrder() => Assert.Equal(
        new Augmentation(new NoiseStep(1), new ShiftStep(2), new FlipStep(0.5)) { ChannelAxis = 2 },
        Read("{ noise: 1, channel-axis: 2, shift: 2, flip: 0.5 }"));

    [Theory]
    [InlineData("none")]
    [InlineData("{}")]
    [InlineData("{ shift: none }")]
    [InlineData("{ shift: none, channel-axis: 2 }")]
    public void Read_NoStep_IsNone(string text) => Assert.True(Read(text).IsNone);

    [Fact]
    public void Read_ChannelAxisOfData_IsTheAugmentations()
    {
        Assert.Equal(2, Read("{ shift: 1 }", dataAxis: 2).ChannelAxis);
        Assert.Equal(0, Read("{ shift: 1, channel-axis: 0 }", dataAxis: 2).ChannelAxis);
    }

    [Theory]
    [InlineData("{ shfit: 2 }", "did you mean 'shift'?")]
    [InlineData("{ shift: 1.5 }", "augmentation.shift", "'1.5'", "a whole number")]
    [InlineData("{ shift: { fill: 1 } }", "no 'augmentation.shift.pixels'")]
    [InlineData("{ flip: { horizontl: 1 } }", "augmentation.flip.horizontl", "did you mean 'horizontal'?")]
    [InlineData("{ flip: 2 }", "augmentation.flip", "'2'", "a number from 0 to 1")]
    [InlineData("{ crop: [1] }", "augmentation.crop", "two numbers")]
    [InlineData("{ crop: [0.5, 2] }", "augmentation.crop[1]", "'2'", "above 0, at most 1")]
    [InlineData("{ crop: [1, 0.5] }", "augmentation.crop", "two numbers [from, to]")]
    [InlineData("{ token-mask: 0.2 }", "augmentation.token-mask", "a whole number from 0")]
    [InlineData("{ token-mask: { keep: 0 } }", "no 'augmentation.token-mask.mask'")]
    [InlineData("{ time-mask: 0 }", "augmentation.time-mask", "'0'", "a whole number from 1")]
    [InlineData("{ mixup: 1, shift: 2 }", "mixup: step 1 of 2", "the last step")]
    public void Read_Mistake_IsNamed(string text, params string[] expected)
    {
        var error = Assert.Throws<InputException>(() => Read(text));

        Assert.All(expected, part => Assert.Contains(part, error.Message));
        Assert.Contains("augmentation.yaml:1:", error.Message);
    }

    [Fact]
    public void Documentation_EveryStepAndSetting_IsDescribed()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "augmentation.md"));

        Assert.All(Steps.SelectMany(row => Regex.Matches((string)row[1], "[a-z-]+(?=:)")), name => Assert.Contains(name.Value, page));
    }

    private Augmentation Read(string text, int dataAxis = 0)
    {
        var data = $"data: {{ preprocessing: {{ channel-axis: {dataAxis} }} }}";
        var source = RecipeSource.Load(folder.Write("augmentation.yaml", $"augmentation: {text}\n{data}\n"));
        return AugmentationSection.Read(new RecipeValue(source, "", source.Root).Map("augmentation", "data").Require("augmentation"));
    }
}
