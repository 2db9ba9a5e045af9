using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

/// <summary>Models fed through a front give what ONNX Runtime gives for inputs of their own types.</summary>
public sealed class InputFrontTests
{
    private const int Rows = 3;

    [Theory]
    [InlineData(9)] // Slice with attributes
    [InlineData(17)]
    public void Front_FeedsEveryTypeAsItIs(int opset)
    {
        var model = new GraphBuilder(opset).Input("ids", DataType.Int64, "N", "T").Input("half", DataType.Float16, "N", 2).Input("double", DataType.Double, "N", 1).Input("flag", DataType.Bool, "N", 2)
            .Input("short", DataType.Int32, "N")
            .Floats("table", [.. Enumerable.Range(0, 20).Select(i => i * 0.25f)], 10, 2)
            .Integers("column", -1, 1)
            .Node("Gather", "table ids", "rows").Node("Flatten", "rows", "flat", ("axis", 1))
            .Node("Cast", "half", "h", ("to", 1)).Node("Cast", "double", "d", ("to", 1)).Node("Cast", "flag", "f", ("to", 1)).Node("Cast", "short", "s", ("to", 1))
            .Node("Reshape", "s column", "sc")
            .Node("Concat", "flat h d f sc", "logits", ("axis", 1)).Output("logits").Build();
        var sample = SampleShape.Of(
            [new("double", ElementType.Float64, []), new("unused", ElementType.Float32, [2]), new("ids", ElementType.Int64, [3]), new("flag", ElementType.Bool, [2]), new("half", ElementType.Float32, [1, 2]), new("short", ElementType.Int32, [1])], null);
        float[] row = [0.5f, 9, 9, 7, 0, 2, 1, 0, 0.25f, 1.5f, -4];
        float[] samples = [.. row, .. row.Select((value, i) => i is >= 3 and < 6 ? 1 : value), .. row];

        using var session = OnnxClassifier.Open(model, sample, [new() { Tensor = "logits", IsFeature = true }], new() { Device = "cpu", Threads = 1 });
        var given = new float[Rows * session.Output.Elements];
        session.Run(samples, Rows, given);

        Assert.Equal("ids, half, double, flag, short", session.Input);
        using var direct = new InferenceSession(model.ToBytes());
        using var options = new RunOptions();
        using var results = direct.Run(options, new Dictionary<string, OrtValue>
        {
            ["ids"] = OrtValue.CreateTensorValueFromMemory<long>([7, 0, 2, 1, 1, 1, 7, 0, 2], [3, 3]),
            ["half"] = OrtValue.CreateTensorValueFromMemory<Float16>([(Float16)0.25f, (Float16)1.5f, (Float16)0.25f, (Float16)1.5f, (Float16)0.25f, (Float16)1.5f], [3, 2]),
            ["double"] = OrtValue.CreateTensorValueFromMemory([0.5, 0.5, 0.5], [3, 1]),
            ["flag"] = OrtValue.CreateTensorValueFromMemory([true, false, true, false, true, false], [3, 2]),
            ["short"] = OrtValue.CreateTensorValueFromMemory([-4, -4, -4], [3]),
        }, ["logits"]);
        Assert.Equal(results[0].GetTensorDataAsSpan<float>().ToArray(), given);
    }

    [Fact]
    public void ConstantsAndStates_AreMade()
    {
        var model = new GraphBuilder().Input("x", DataType.Float, "N", 4).Input("state", DataType.Float, 2, "N", 4).Input("rate", DataType.Int64)
            .Integers("first", 0).Node("Gather", "state first", "s", ("axis", 0)).Integers("shape", -1, 4).Node("Reshape", "s shape", "t")
            .Node("Cast", "rate", "r", ("to", 1)).Node("Add", "x t", "a").Node("Mul", "a r", "logits").Output("logits").Build();
        var feeds = new InputFeeds([InputFeed.Parse("state", "zeros"), InputFeed.Parse("rate", "16000")]);
        using var session = OnnxClassifier.Open(model, [4], [new() { Tensor = "logits", IsFeature = true }], new() { Device = "cpu", Threads = 1, Inputs = feeds });
        var given = new float[8];
        session.Run(new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }, 2, given);
        Assert.Equal([16000, 32000, 48000, 64000, 80000, 96000, 112000, 128000], given);
        Assert.Equal("x", session.Input);
        Assert.Equal(["x", "state", "rate"], session.Interface.Inputs.Select(input => input.Name));
    }

    [Fact]
    public void Front_TakenAway_LeavesTheModelAsItWas()
    {
        var model = new GraphBuilder().Input("a", DataType.Int64, "N", 2).Input("b", DataType.Float, "N", 2).Input("c", DataType.Float, 1, 2)
            .Node("Cast", "a", "f", ("to", 1)).Node("Add", "f b", "s").Node("Add", "s c", "logits").Output("logits").Build();
        var sample = SampleShape.Of([new("a", ElementType.Int64, [2]), new("b", ElementType.Float32, [2])], null);
        var behind = InputFront.Behind(model, sample, new([InputFeed.Parse("c", "1")]));
        Assert.Equal([InputFront.Packed], behind.Proto.Graph.Input.Select(input => input.Name));
        Assert.Same(behind, InputFront.Behind(behind, sample, InputFeeds.None));

        var proto = behind.Proto.Clone();
        InputFront.Remove(proto);
        Assert.Equal(model.ToBytes(), OnnxModel.FromProto(proto).ToBytes());
    }

    [Fact]
    public void Mismatches_ListBothSides()
    {
        var model = new GraphBuilder().Input("a", DataType.Int64, "N", 2).Input("b", DataType.Float, "N", 2).Node("Cast", "a", "f", ("to", 1)).Node("Add", "f b", "logits").Output("logits").Build();
        string Refused(SampleShape sample, params (string, string)[] feeds) => Assert.Throws<InputException>(() =>
            InputFront.Behind(model, sample, new([.. feeds.Select(feed => InputFeed.Parse(feed.Item1, feed.Item2))]))).Message;
        SampleShape Of(params SamplePart[] parts) => SampleShape.Of(parts, null);

        Assert.Contains("a int64 [N, 2], b float [N, 2]", Refused([4]));
        Assert.Contains("samples of a int64 [2], c float32 [2]", Refused(Of(new("a", ElementType.Int64, [2]), new("c", ElementType.Float32, [2]))));
        Assert.Contains("differ in shape", Refused(Of(new("a", ElementType.Int64, [3]), new("b", ElementType.Float32, [2]))));
        Assert.Contains("takes numbers", Refused(Of(new("a", ElementType.Float32, [2]) { Texts = ["x"] }, new("b", ElementType.Float32, [2]))));
        Assert.Contains("no input of that name", Refused([4], ("d", "zeros")));

        using var session = OnnxClassifier.Open(model, Of(new("a", ElementType.Float32, [2]), new("b", ElementType.Float32, [2])), [new() { Tensor = "logits", IsFeature = true }], new() { Device = "cpu" });
        Assert.Contains("input 'a'", Assert.Throws<InputException>(() => session.Run(new[] { 0.5f, 1, 2, 3 }, 1, new float[2])).Message);
    }
}
