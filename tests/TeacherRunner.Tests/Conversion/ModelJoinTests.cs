using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Conversion;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Conversion;

public class ModelJoinTests
{
    private static readonly float[] pixels = [.. Enumerable.Range(0, 2 * 3 * 4 * 4).Select(i => (float)Math.Cos(i * i % 31))];

    /// <summary>Both have an input and a tensor of the same names, and one of them a branch that reads from outside.</summary>
    [Fact]
    public void Of_TwoModels_GivesWhatTheyGiveOneAfterTheOther()
    {
        var first = new GraphBuilder().Input("x", DataType.Float, "n", 3, 4, 4).Floats("w", [2, 3, 4], 3, 1, 1).Node("Mul", "x w", "inner").Node("Exp", "inner", "y").Output("y");
        var second = new GraphBuilder().Input("x", DataType.Float, "n", 3, 4, 4).Floats("w", [0.5f], 1).Node("Mul", "x w", "inner").Node("Sqrt", "inner", "y").Output("y");
        OnnxModel[] models = [Build(first), WithBranch(Build(second))];

        var joined = ModelJoin.Of(models, []);

        Assert.Equal(Run(models[1], Run(models[0], pixels, 2), 2), Run(joined, pixels, 2));
        Assert.Equal(["x"], joined.Proto.Graph.Input.Select(input => input.Name));
        Assert.Equal(["out"], joined.Proto.Graph.Output.Select(output => output.Name));
    }

    [Fact]
    public void Of_OlderAndNewerOperators_RaisesTheOlder()
    {
        var old = Build(new GraphBuilder(11).Input("x", DataType.Float, "n", 3, 4, 4).Node("ReduceSum", "x", "y", ("keepdims", 1)).Output("y"));
        var recent = Build(new GraphBuilder(17).Input("z", DataType.Float, "a", "b", "c", "d").Integers("axes", 1).Node("ReduceSum", "z axes", "s", ("keepdims", 0)).Output("s"));
        Assert.Equal(17, ModelJoin.Of([old, recent], ["ReduceSum"]).Proto.OpsetImport.Single().Version);
        Assert.Equal(17, ModelJoin.Of([recent, Build(new GraphBuilder(11).Input("x", DataType.Float, "n", "h", "w").Node("Relu", "x", "y").Output("y"))], ["Relu"]).Proto.OpsetImport.Single().Version);
    }

    /// <summary>A quarter of the size is smoothed over four pixels to either side; the first channel is the last one.</summary>
    [Fact]
    public void ResizeAndReverseChannels_ComeBeforeTheModel()
    {
        var model = Build(new GraphBuilder(8).Input("image", DataType.Float, 1, 3, 2, 2).Node("Relu", "image", "y").Output("y"));
        var reversed = ModelJoin.ReverseChannels(model);
        var joined = ModelJoin.Of([ModelJoin.Resize(reversed, 2, 2), reversed, model], ["Relu", "Gather"]);

        Assert.Equal(["1", "3", "height", "width"], joined.Proto.Graph.Input.Single().ShapeOf()!.Select(axis => $"{axis}"));
        float[] small = [.. Enumerable.Range(0, 3 * 8 * 8).Select(i => (float)(i % 8 + i / 8 % 8 * 10 + i / 64 * 100))]; // linear in both places
        var found = Run(joined, small, 1, 3, 8, 8);
        // A triangle of four pixels to either side of 1.5 and of 5.5, over a picture that goes on with its border.
        double[] places = [.. new[] { 1.5, 5.5 }.Select(centre => Enumerable.Range(-2, 12).Sum(i => Math.Max(0, 4 - Math.Abs(i - centre)) / 16 * Math.Clamp(i, 0, 7)))];
        double[] expected = [.. new[] { 200, 100, 0 }.SelectMany(channel => places.SelectMany(y => places.Select(x => x + 10 * y + channel)))];
        Assert.All(found.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 3));
    }

    [Fact]
    public void Of_WhatWasJoinedBefore_IsJoinedAgain()
    {
        var half = Build(new GraphBuilder().Input("x", DataType.Float, "n", 3, 4, 4).Floats("w", [0.5f], 1).Node("Mul", "x w", "y").Output("y"));
        var eighth = ModelJoin.Of([half, ModelJoin.Of([half, half], [])], []);
        Assert.Equal(pixels.Select(value => value / 8), Run(eighth, pixels, 2));
    }

    [Fact]
    public void Of_ModelsThatDoNotFit_SaysWhatEachHas()
    {
        var wide = Build(new GraphBuilder().Input("x", DataType.Float, "n", 5).Node("Relu", "x", "y").Output("y"));
        var narrow = Build(new GraphBuilder().Input("z", DataType.Float, "n", 4).Node("Relu", "z", "y").Output("y"));
        wide.Proto.Graph.Output[0].Type.TensorType.Shape = wide.Proto.Graph.Input[0].Type.TensorType.Shape.Clone();
        var error = Assert.Throws<InputException>(() => ModelJoin.Of([wide, narrow], []));
        Assert.Contains("[n, 5]", error.Message);
        Assert.Contains("[n, 4]", error.Message);
        Assert.Throws<InputException>(() => ModelJoin.Resize(narrow, 2, 2));
    }

    private static OnnxModel Build(GraphBuilder builder) => builder.Build();

    /// <summary>Doubles the output in a branch that is always taken.</summary>
    private static OnnxModel WithBranch(OnnxModel model)
    {
        var graph = model.Proto.Graph;
        graph.Initializer.Add(new TensorProto { Name = "always", DataType = (int)DataType.Bool, Int32Data = { 1 } });
        var choice = new NodeProto { OpType = "If", Name = "choice", Input = { "always" }, Output = { "out" } };
        foreach (var name in new[] { "then_branch", "else_branch" })
            choice.Attribute.Add(new AttributeProto
            {
                Name = name, Type = AttributeProto.Types.AttributeType.Graph,
                G = new() { Name = name, Node = { new NodeProto { OpType = "Add", Input = { "x", "y" }, Output = { "sum" } } }, Output = { new ValueInfoProto { Name = "sum", Type = graph.Output[0].Type.Clone() } } },
            });
        graph.Node.Add(choice);
        graph.Output[0].Name = "out";
        return model;
    }

    private static float[] Run(OnnxModel model, float[] values, params long[] dims)
    {
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(model.ToBytes());
        using var run = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var input = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(values, dims.Length == 1 ? [dims[0], 3, 4, 4] : dims);
        using var results = session.Run(run, [session.InputNames[0]], [input], [session.OutputNames[0]]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
