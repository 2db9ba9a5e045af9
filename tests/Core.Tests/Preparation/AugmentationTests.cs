using System.Text;
using System.Text.Json.Serialization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.Tests.Preparation;

public class AugmentationTests
{
    public static TheoryData<AugmentationStep, bool> Every => new()
    {
        { new ShiftStep(2), true },
        { new CropStep(new(0.25, 1), new(0.75, 1.25)), true },
        { new FlipStep(0.5), true },
        { new RotationStep(10), true },
        { new ScaleStep(new(0.9, 1.1)), true },
        { new EraseStep(0.5, new(0.02, 0.3), new(0.3, 3)), false },
        { new ColourStep(0.4, 0.4), false },
        { new NoiseStep(0.1), false },
        { new ClampStep(new(0, 255)), false },
        { new TimeMaskStep(2, 5), false },
        { new FrequencyMaskStep(1, 3), false },
        { new TokenMaskStep(0.15, 103, [0, 101]), false },
        { new MixupStep(0.2), false },
        { new CutMixStep(1), true },
    };

    [Theory]
    [MemberData(nameof(Every))]
    public void Step_WrittenAndRead_IsEqual(AugmentationStep step, bool isGeometric)
    {
        var augmentation = new Augmentation(step) { ChannelAxis = 2 };
        var text = CanonicalJson.Serialize(augmentation);

        var again = CanonicalJson.Deserialize<Augmentation>(Encoding.UTF8.GetBytes(text), "t");

        Assert.Equal(augmentation, again);
        Assert.Equal(augmentation.GetHashCode(), again.GetHashCode());
        Assert.Equal(text, CanonicalJson.Serialize(again));
        Assert.Contains($"\"step\": \"{step.Name}\"", text);
        Assert.Equal(isGeometric, augmentation.IsGeometric);
    }

    [Fact]
    public void Table_OfSteps_IsTestedWhole() => Assert.Equal(
        typeof(AugmentationStep).GetCustomAttributes(typeof(JsonDerivedTypeAttribute), false).Length, Every.Count);

    [Fact]
    public void Serialize_Augmentation_IsCanonical() => Assert.Equal(
        """
        {
          "steps": [
            {
              "step": "shift",
              "pixels": 2,
              "fill": 0
            },
            {
              "step": "crop",
              "scale": {
                "from": 0.5,
                "to": 1
              },
              "ratio": {
                "from": 0.75,
                "to": 1.25
              }
            }
          ],
          "channel_axis": 0
        }

        """,
        CanonicalJson.Serialize(new Augmentation(new ShiftStep(2), new CropStep(new(0.5, 1), new(0.75, 1.25)))));

    [Fact]
    public void Equals_OtherValueOrderOrAxis_IsDifferent()
    {
        var augmentation = new Augmentation(new ShiftStep(2), new FlipStep(0.5));

        Assert.Equal(augmentation, new(new ShiftStep(2), new FlipStep(0.5)));
        Assert.NotEqual(augmentation, new(new ShiftStep(1), new FlipStep(0.5)));
        Assert.NotEqual(augmentation, new(new FlipStep(0.5), new ShiftStep(2)));
        Assert.NotEqual(augmentation, augmentation with { ChannelAxis = 1 });
        Assert.Equal("shift, flip", augmentation.ToString());
        Assert.Equal("none", Augmentation.None.ToString());
    }

    public static TheoryData<string, string, AugmentationStep[]> Mistakes => new()
    {
        { "augmentation.shift.pixels", "0", [new ShiftStep(0)] },
        { "augmentation.shift.pixels", "6", [new ShiftStep(6)] },
        { "augmentation.shift.fill", "NaN", [new ShiftStep(1, double.NaN)] },
        { "augmentation.crop.scale", "[0, 1]", [new CropStep(new(0, 1), new(1, 1))] },
        { "augmentation.crop.scale", "[0.5, 1.1]", [new CropStep(new(0.5, 1.1), new(1, 1))] },
        { "augmentation.crop.ratio", "[2, 1]", [new CropStep(new(0.5, 1), new(2, 1))] },
        { "augmentation.flip.horizontal", "1.5", [new FlipStep(1.5)] },
        { "augmentation.flip.vertical", "-1", [new FlipStep(0, -1)] },
        { "augmentation.rotation.degrees", "181", [new RotationStep(181)] },
        { "augmentation.rotation.fill", "1E+300", [new RotationStep(1, 1e300)] },
        { "augmentation.scale.factor", "[0, 1]", [new ScaleStep(new(0, 1))] },
        { "augmentation.erase.probability", "2", [new EraseStep(2, new(0.1, 0.2), new(1, 1))] },
        { "augmentation.erase.scale", "[0.5, 0.1]", [new EraseStep(1, new(0.5, 0.1), new(1, 1))] },
        { "augmentation.colour.contrast", "-1", [new ColourStep(Contrast: -1)] },
        { "augmentation.colour.contrast", "2 channels", [new ColourStep(Contrast: 1)] },
        { "augmentation.colour.saturation", "2 channels", [new ColourStep(Saturation: 1)] },
        { "augmentation.noise.std", "NaN", [new NoiseStep(double.NaN)] },
        { "augmentation.clamp.range", "[1, 0]", [new ClampStep(new(1, 0))] },
        { "augmentation.time_mask.length", "7", [new TimeMaskStep(1, 7)] },
        { "augmentation.time_mask.count", "0", [new TimeMaskStep(0, 7)] },
        { "augmentation.frequency_mask.length", "9", [new FrequencyMaskStep(1, 9)] },
        { "augmentation.token_mask.mask", "-1", [new TokenMaskStep(0.1, -1, [])] },
        { "augmentation.mixup.alpha", "0", [new MixupStep(0)] },
        { "augmentation.cutmix.probability", "2", [new CutMixStep(1, 2)] },
        { "augmentation.mixup", "step 1 of 2", [new MixupStep(1), new NoiseStep(1)] },
        { "augmentation.steps", "nothing as step 0", [null!] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Validate_Mistake_NamesSettingAndValue(string setting, string found, AugmentationStep[] steps)
    {
        var error = Assert.Throws<InputException>(() => new Augmentation(steps).Validate([2, 6, 8]));

        Assert.Contains($"where:    {setting}\n", error.Message);
        Assert.Contains($"found:    {found}", error.Message);
    }

    [Theory]
    [InlineData(0, 20)]
    [InlineData(1, 6, 3, 8)]
    [InlineData(3, 6, 8, 3)]
    public void Validate_SamplesWithoutAPlane_NameTheStep(int channelAxis, params int[] shape)
    {
        var error = Assert.Throws<InputException>(
            () => new Augmentation(new NoiseStep(1), new FlipStep(0.5)) { ChannelAxis = channelAxis }.Validate(shape));

        Assert.Contains("where:    augmentation.flip\n", error.Message);
        Assert.Contains($"channel axis {channelAxis}", error.Message);
    }
}
