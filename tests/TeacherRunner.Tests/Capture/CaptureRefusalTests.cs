using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Tests.Capture;

/// <summary>What a capture refuses, and what it says.</summary>
public sealed class CaptureRefusalTests : CaptureTests
{
    [Theory]
    [InlineData(float.NaN, 13)]
    [InlineData(float.PositiveInfinity, 49)]
    public void Capture_SampleThatIsNotFinite_IsNamedBeforeTheTeacherSeesIt(float value, int sample)
    {
        var poisoned = (float[])samples.Clone();
        poisoned[sample * teacher.Features] = value;
        using var bad = OpenSet("bad.npy", poisoned, Count, 3, 4);
        var options = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));

        var error = Assert.Throws<InputException>(() => CacheCapture.Capture(bad, options, temp["bad"], null, CancellationToken.None));

        Assert.Contains($"bad.npy, sample {sample}, value 0", error.Message);
    }

    /// <summary>A finite sample whose scores are not: of 10³⁰ the square is beyond float32.</summary>
    [Fact]
    public void Capture_ScoreThatIsNotFinite_NamesTeacherSampleAndClass()
    {
        var large = (float[])samples.Clone();
        large.AsSpan(13 * teacher.Features, teacher.Features).Fill(1e30f);
        using var set = OpenSet("large.npy", large, Count, 3, 4);
        var options = Options(Save("teacher.onnx", teacher.Graph().Node("Mul", "logits logits", "squares").Output("squares")));
        options = options with { Teachers = [options.Teachers[0] with { Kind = OutputKind.Classes }] };

        var error = Assert.Throws<InputException>(() => CacheCapture.Capture(set, options, temp["large"], null, CancellationToken.None));

        Assert.Contains("teacher.onnx, tensor 'squares', sample 13 of", error.Message);
        Assert.Contains("class 0", error.Message);
        Assert.Contains("look at that sample", error.Message);
    }

    [Fact]
    public void Capture_ClassThatIsMaskedForEverySample_LooksForTheMask()
    {
        var graph = teacher.Graph().Floats("mask", [0, float.NegativeInfinity, 0], 3).Node("Add", "logits mask", "masked").Output("masked");
        using var set = OpenSet("masked.npy", samples, Count, 3, 4);
        var options = Options(Save("teacher.onnx", graph));
        options = options with { Teachers = [options.Teachers[0] with { Kind = OutputKind.Classes }] };

        var error = Assert.Throws<InputException>(() => CacheCapture.Capture(set, options, temp["masked"], null, CancellationToken.None));

        Assert.Contains("class 1", error.Message);
        Assert.Contains("name the tensor before the mask", error.Message);
    }

    [Fact]
    public void Capture_LabelThatTheTeacherDoesNotKnow_IsRefusedBeforeTheWork()
    {
        var labels = new byte[Count];
        labels[17] = (byte)teacher.Classes;
        File.WriteAllBytes(temp["labels"], [0, 0, 8, 1, 0, 0, 0, Count, .. labels]); // IDX: bytes, one axis
        using var labelled = TransferSet.Open(new() { Samples = temp["set.npy"], Labels = temp["labels"] });

        var error = Assert.Throws<InputException>(() => CacheCapture.Capture(
            labelled, Options(Save("teacher.onnx", teacher.Graph().Output("logits"))), temp["cache"], null, CancellationToken.None));

        Assert.All(["sample 17", "class 3", "0 to 2"], part => Assert.Contains(part, error.Message));
        Assert.False(Directory.Exists(temp["cache"]));
    }

    [Fact]
    public void Capture_TeachersOfDifferentClasses_NamesBothNumbers()
    {
        var other = new LinearTeacher(features: 12, classes: 5, seed: 2);
        var options = Options(Save("a.onnx", teacher.Graph().Output("logits"))) with
        {
            Teachers = [new() { Model = temp["a.onnx"] }, new() { Model = Save("b.onnx", other.Graph().Output("logits")) }],
        };
        var error = Assert.Throws<InputException>(() => Capture("cache", options));
        Assert.Contains("5 classes", error.Message);
        Assert.Contains("3 classes, as a.onnx has", error.Message);
    }

    [Fact]
    public void Capture_IntoTheCacheOfAnotherTeacher_IsRefused()
    {
        Capture("cache", Options(Save("a.onnx", teacher.Graph().Output("logits"))));
        var other = new LinearTeacher(features: 12, classes: 3, seed: 2);
        Assert.Throws<CheckFailedException>(() => Capture("cache", Options(Save("b.onnx", other.Graph().Output("logits")))));
    }

    [Fact]
    public void Capture_OptionsOutOfRange_AreNamed()
    {
        var good = Options(Save("teacher.onnx", teacher.Graph().Output("logits")));
        Refused("teachers", good with { Teachers = [] });
        Refused("batch size", good with { BatchSize = 0 });
        Refused("views", good with { Views = 2 });
        Refused("threads", good with { Threads = 0 });
        Refused("weight", good with { Teachers = [good.Teachers[0] with { Weight = -1 }] });
        Refused("name", good with { Teachers = [good.Teachers[0] with { Name = "Big Teacher" }] });
        Refused("stream", good with { Teachers = [good.Teachers[0] with { Features = [new("product", "a b")] }] });

        void Refused(string option, CaptureOptions options) =>
            Assert.Contains(option, Assert.Throws<InputException>(() => Capture("cache", options)).Message);
    }
}
