using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

/// <summary>A quantised teacher beside what its file says of it.</summary>
public class QuantizedCheckTests
{
    private static readonly ModelOutput Scores = new("y", StreamKind.Logit, [3]);

    /// <summary>The float32 reading, worked out here: codes times their steps.</summary>
    [Fact]
    public void RunAsFloats_IsTheSumOfCodesTimesSteps()
    {
        using var session = OnnxClassifier.Open(Model(out var weights), [8], device: "cpu", threads: 1);
        var random = new Random(3);
        float[] samples = [.. Enumerable.Range(0, 5 * 8).Select(_ => random.NextSingle())];

        var given = QuantizedCheck.RunAsFloats(session, samples, 5);

        for (var row = 0; row < 5; row++)
            for (var c = 0; c < 3; c++)
            {
                var expected = Enumerable.Range(0, 8).Sum(f => Math.Round(samples[row * 8 + f] * 255.0, MidpointRounding.ToEven) / 255 * weights[f * 3 + c] * 0.01);
                Assert.Equal(expected, given[row * 3 + c], 1e-5);
            }

        Assert.True(session.DescribesFloats);
        Assert.StartsWith("t.onnx: computed in integers", QuantizedCheck.Of(session, "t.onnx", samples, 5));
    }

    [Fact]
    public void DescribesFloats_OfAFloatTeacher_IsFalse()
    {
        using var session = OnnxClassifier.Open(new LinearTeacher(8, 3, seed: 1).Graph().Output("logits").Build(), [8], device: "cpu", threads: 1);
        Assert.False(session.DescribesFloats);
    }

    [Fact]
    public void Difference_OfAStep_IsToldWithTheTopClassesThatChange()
    {
        var told = QuantizedCheck.Compare("t.onnx", Scores, step: 0.5, [1, 1.4f, 0, 20, 0, 0], [1.5f, 1.4f, 0, 20, 0, 0], 2);
        Assert.Contains("at most 0.5 on 2 samples, another top class in 1 (one step of quantisation is 0.5)", told);
    }

    [Fact]
    public void Difference_BeyondAStep_IsSaid() => Assert.Contains(
        "more than rounding to one code beside", QuantizedCheck.Compare("t.onnx", Scores, step: 0.1, [10, 0, 0], [10.5f, 0, 0], 1));

    [Fact]
    public void Difference_OfAFifthOfAllThatItSays_IsRefused()
    {
        var error = Assert.Throws<CheckFailedException>(() => QuantizedCheck.Compare("t.onnx", Scores, step: null, [5, 0, 0], [10, 0, 0], 1));
        Assert.Contains("a difference of at most 5 on 1 samples", error.Message);
    }

    private static OnnxModel Model(out sbyte[] weights)
    {
        var random = new Random(2);
        weights = [.. Enumerable.Range(0, 8 * 3).Select(_ => (sbyte)random.Next(-127, 128))];
        var builder = new GraphBuilder(17).Input("x", DataType.Float, "N", 8).Floats("x_step", [1f / 255]).Floats("w_step", [0.01f])
            .Node("QuantizeLinear", "x x_step x_zero", "codes").Node("DequantizeLinear", "codes x_step x_zero", "values")
            .Node("DequantizeLinear", "W w_step w_zero", "weights").Node("MatMul", "values weights", "logits").Output("logits");
        builder.Graph.Initializer.Add(TensorData.Create("W", ElementType.Int8, [.. weights.Select(weight => (byte)weight)], 8, 3));
        builder.Graph.Initializer.Add(TensorData.Create("x_zero", ElementType.UInt8, [0]));
        builder.Graph.Initializer.Add(TensorData.Create("w_zero", ElementType.Int8, [0]));
        return builder.Build();
    }
}
