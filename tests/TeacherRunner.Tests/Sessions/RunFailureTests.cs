using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

/// <summary>Models that open and do not run: the error says what another run found to be the cause.</summary>
public sealed class RunFailureTests
{
    [Fact]
    public void Open_ModelOfOneBatchSize_SaysSo()
    {
        var model = new GraphBuilder().Input("x", DataType.Float, "N", 4).Integers("shape", 1, 4).Node("Reshape", "x shape", "logits").Output("logits").Build();
        var error = Assert.Throws<InputException>(() => OnnxClassifier.Open(model, [4], [new() { Tensor = "logits", IsFeature = true }], new() { Device = "cpu", Threads = 1 })).Message;
        Assert.Contains("does not on one sample", error);
        Assert.Contains("for one batch size only", error);
    }

    [Fact]
    public void Open_ModelThatNeverRuns_DoesNotBlameTheBatch()
    {
        var model = new GraphBuilder().Input("x", DataType.Float, "N", 4).Integers("shape", 3, -1).Node("Reshape", "x shape", "logits").Output("logits").Build();
        var error = Assert.Throws<InputException>(() => OnnxClassifier.Open(model, [4], [new() { Tensor = "logits", IsFeature = true }], new() { Device = "cpu", Threads = 1 })).Message;
        Assert.Contains("made-up samples", error);
        Assert.DoesNotContain("batch size", error);
    }

    [Fact]
    public void Run_SampleThatFails_IsNamed()
    {
        var model = new GraphBuilder().Input("ids", DataType.Int64, "N", 2).Floats("table", new float[6], 3, 2).Node("Gather", "table ids", "logits").Output("logits").Build();
        using var session = OnnxClassifier.Open(model, [2], [new() { Tensor = "logits", IsFeature = true }], new() { Device = "cpu", Threads = 1 });
        var error = Assert.Throws<InputException>(() => session.Run(new float[] { 0, 1, 2, 0, 1, 3, 0, 0 }, 4, new float[16])).Message;
        Assert.Contains("sample 2 of those given", error);
        Assert.Contains("out of data bounds", error);
    }

    [Fact]
    public void Open_InputsThatDoNotFitTogether_AreNamed()
    {
        var model = new GraphBuilder().Input("a", DataType.Float, "N", "T").Input("b", DataType.Float, "N", "T").Node("Add", "a b", "logits").Output("logits").Build();
        var sample = SampleShape.Of([new("a", ElementType.Float32, [3]), new("b", ElementType.Float32, [2])], null);
        var error = Assert.Throws<InputException>(() => OnnxClassifier.Open(model, sample, [new() { Tensor = "logits", IsFeature = true }], new() { Device = "cpu", Threads = 1 })).Message;
        Assert.Contains("inputs of these lengths together", error);
        Assert.Contains("a [3], b [2]", error);
        Assert.Contains("one length of axis 'T', which is 3 in 'a' and 2 in 'b'", error);
        Assert.DoesNotContain("as invalid", error);
    }
}
