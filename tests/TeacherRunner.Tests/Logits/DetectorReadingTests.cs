using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Logits;

/// <summary>How the layout of a detector head is found, and that what nothing tells is asked for.</summary>
public class DetectorReadingTests
{
    private const int Anchors = 16;

    [Fact]
    public void Branches_OfBoxAndScores_AreADetectorOfColumnsFirst()
    {
        using var session = Open(Head(4, 3));

        Assert.Equal((StreamKind.Detection, "16,7"), (session.Output.Kind, string.Join(',', session.Output.Shape)));
        Assert.Equal(new DetectorForm(BoxForm.Xywh, false), session.Output.Detector);
        Assert.Contains("joins boxes of 4 columns and 3 more", session.Output.Evidence);
        AssertLogOdds(session);
    }

    [Fact]
    public void Branches_TransposedAtTheEnd_AreADetectorOfAnchorsFirst()
    {
        var graph = Branches(true, [4, 3], "joined").Node("Transpose", "joined", "out").Output("out");
        graph.Graph.Node[^1].Attribute.Add(new Onnx.AttributeProto { Name = "perm", Type = Onnx.AttributeProto.Types.AttributeType.Ints, Ints = { 0, 2, 1 } });
        using var session = Open(graph);

        Assert.Equal(1, session.Layouts[0].ClassAxis);
        Assert.Equal(new DetectorForm(BoxForm.Xywh, false), session.Output.Detector);
    }

    [Fact]
    public void Branch_OfOneColumnBetween_IsAnObjectness()
    {
        using var session = Open(Head(4, 1, 3));
        Assert.Equal(new DetectorForm(BoxForm.Xywh, true), session.Output.Detector);
    }

    [Fact]
    public void Scores_BeyondProbabilities_AreLogits()
    {
        using var session = Open(Head(false, 4, 3));
        Assert.Contains("scores are logits", session.Output.Evidence);
        Assert.Equal(Core.Onnx.HeadActivation.None, session.Interface.Output!.Activation);
    }

    [Fact]
    public void Scores_OfOneTensorWithTheBoxes_LeaveTheObjectnessOpen()
    {
        var graph = Body(8).Integers("parts", 4, 4);
        graph.Graph.Node.Add(new Onnx.NodeProto
        {
            OpType = "Split", Name = "split", Input = { "grid", "parts" }, Output = { "box0", "score0" },
            Attribute = { new Onnx.AttributeProto { Name = "axis", Type = Onnx.AttributeProto.Types.AttributeType.Int, I = 1 } },
        });
        graph.Floats("size", [32]).Node("Sigmoid", "box0", "box1").Node("Mul", "box1 size", "box2").Node("Sigmoid", "score0", "score1")
            .Node("Concat", "box2 score1", "out", ("axis", 1)).Output("out");

        var error = Assert.Throws<InputException>(() => Open(graph));
        Assert.Contains("whether there is an objectness", error.Message);
        Assert.Contains("'objectness: true' or 'objectness: false'", error.Message);

        using var session = Open(graph, new() { Objectness = true });
        Assert.Equal(new DetectorForm(BoxForm.Xywh, true), session.Output.Detector);

        var named = graph.BuildProto();
        named.MetadataProps.Add(new Onnx.StringStringEntryProto { Key = "names", Value = "{0: 'cat', 1: 'dog', 2: 'it''s'}" });
        using var known = OnnxClassifier.Open(Core.Onnx.OnnxModel.FromProto(named), [5], device: "cpu");
        Assert.True(known.Output.Detector!.HasObjectness); // 8 = 4 + 1 + 3
    }

    /// <summary>As YOLOX's exporters write it, with a helper that decodes the first four columns: <c>cat([decode(o[:4]), o[4:]])</c>, whose own join may stay or go.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Scores_OfOneTensorWithBoxesThatAHelperDecodes_LeaveTheObjectnessOpen(bool joinsTwice)
    {
        var graph = Body(8).Floats("size", [32]).Integers("axis", 1);
        Slice(graph, "grid", 0, 4, "box0");
        Slice(graph, "box0", 0, 2, "centre0");
        Slice(graph, "box0", 2, 4, "size0");
        Slice(graph, "grid", 4, 8, "score0");
        graph.Node("Mul", "centre0 size", "centre").Node("Exp", "size0", "size1").Node("Mul", "size1 size", "size2").Node("Sigmoid", "score0", "score");
        _ = joinsTwice ? graph.Node("Concat", "centre size2", "box", ("axis", 1)).Node("Concat", "box score", "out", ("axis", 1)) : graph.Node("Concat", "centre size2 score", "out", ("axis", 1));
        graph.Output("out");

        Assert.Contains("'objectness: true' or 'objectness: false'", Assert.Throws<InputException>(() => Open(graph)).Message);
        using var session = Open(graph, new() { Objectness = true });
        Assert.Equal(new DetectorForm(BoxForm.Xywh, true), session.Output.Detector);
    }

    [Fact]
    public void Boxes_WhoseCornersAreInOrder_AreCorners()
    {
        // First corner, and the same moved by something positive.
        var graph = Body(2 + 2 + 3).Integers("parts", 2, 2, 3);
        graph.Graph.Node.Add(new Onnx.NodeProto
        {
            OpType = "Split", Name = "split", Input = { "grid", "parts" }, Output = { "low", "size0", "score0" },
            Attribute = { new Onnx.AttributeProto { Name = "axis", Type = Onnx.AttributeProto.Types.AttributeType.Int, I = 1 } },
        });
        graph.Node("Exp", "size0", "size").Node("Add", "low size", "high").Node("Sigmoid", "score0", "score")
            .Node("Concat", "low high score", "out", ("axis", 1)).Output("out");
        using var session = Open(graph, new() { Objectness = false });
        Assert.Equal(BoxForm.Xyxy, session.Output.Detector!.Boxes);
    }

    [Fact]
    public void Kind_NamedOfWhatIsNoTable_IsRefused()
    {
        var error = Assert.Throws<InputException>(() => Open(new LinearTeacher(5, 3, seed: 1).Graph().Output("logits"), new() { Kind = OutputKind.Detector }));
        Assert.Contains("anchors and columns", error.Message);
    }

    [Fact]
    public void Axis_ThatNothingTells_IsAskedFor()
    {
        var graph = Body(9).Node("Identity", "grid", "out").Output("out");
        Assert.Contains("It is not clear what the model's output holds.", Assert.Throws<InputException>(() => Open(graph)).Message);
        Assert.Contains("'class-axis: 1' or 'class-axis: 2'", Assert.Throws<InputException>(() => Open(graph, new() { Kind = OutputKind.Detector })).Message);
        var boxes = Assert.Throws<InputException>(() => Open(graph, new() { Kind = OutputKind.Detector, ClassAxis = 1 }));
        Assert.Contains("'boxes: xywh' or 'boxes: xyxy'", boxes.Message);
        using var session = Open(graph, new() { Kind = OutputKind.Detector, ClassAxis = 1, Boxes = BoxForm.Xyxy, Objectness = true });
        Assert.Equal(new DetectorForm(BoxForm.Xyxy, true), session.Output.Detector);
    }

    /// <summary>What is stored: boxes as they are, and the logarithm of the odds of each probability, of the model's own output.</summary>
    private static void AssertLogOdds(OnnxClassifier session)
    {
        var samples = Samples(2);
        var stored = new float[2 * Anchors * 7];
        session.Run(samples, 2, stored);
        using var raw = OnnxClassifier.Open(Head(4, 3).Build(), [5], [new() { Tensor = "out", IsFeature = true }], new() { Device = "cpu" });
        var given = new float[2 * Anchors * 7];
        raw.Run(samples, 2, given);
        for (var n = 0; n < 2; n++)
            for (var a = 0; a < Anchors; a++)
                for (var c = 0; c < 7; c++)
                {
                    double value = given[(n * 7 + c) * Anchors + a];
                    Assert.Equal(c < 4 ? value : Math.Log(value / (1 - value)), stored[(n * Anchors + a) * 7 + c], 3);
                }
    }

    private static OnnxClassifier Open(GraphBuilder graph, ModelReading? reading = null) => OnnxClassifier.Open(graph.Build(), [5], [reading ?? new()], new() { Device = "cpu" });

    private static float[] Samples(int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count * 5).Select(_ => random.NextSingle())];
    }

    private static GraphBuilder Head(params int[] branches) => Head(true, branches);

    private static GraphBuilder Head(bool isSigmoid, params int[] branches) => Branches(isSigmoid, branches, "out").Output("out");

    /// <summary>A branch for the box, behind a Sigmoid and times 32, and one for each of the others.</summary>
    private static GraphBuilder Branches(bool isSigmoid, int[] branches, string output)
    {
        var graph = new GraphBuilder().Input("x", DataType.Float, "N", 5).Floats("size", [32]);
        for (var i = 0; i < branches.Length; i++)
        {
            Grid(graph, branches[i], $"{i}");
            if (i == 0)
                graph.Node("Sigmoid", "grid0", "sigmoid0").Node("Mul", "sigmoid0 size", "branch0");
            else
                graph.Node(isSigmoid ? "Sigmoid" : "Identity", $"grid{i}", $"branch{i}");
        }

        return graph.Node("Concat", string.Join(' ', branches.Select((_, i) => $"branch{i}")), output, ("axis", 1));
    }

    private static void Slice(GraphBuilder graph, string tensor, long first, long last, string name) =>
        graph.Integers($"{name}/first", first).Integers($"{name}/last", last).Node("Slice", $"{tensor} {name}/first {name}/last axis", name);

    private static GraphBuilder Body(int columns) => Grid(new GraphBuilder().Input("x", DataType.Float, "N", 5), columns, "");

    /// <summary>x·W as [N, columns, anchors].</summary>
    private static GraphBuilder Grid(GraphBuilder graph, int columns, string name)
    {
        var random = new Random(7 * columns + name.Length);
        float[] weights = [.. Enumerable.Range(0, 5 * columns * Anchors).Select(_ => (float)(random.NextDouble() * 4 - 2))];
        return graph.Floats($"W{name}", weights, 5, columns * Anchors).Node("MatMul", $"x W{name}", $"product{name}")
            .Integers($"shape{name}", -1, columns, Anchors).Node("Reshape", $"product{name} shape{name}", $"grid{name}");
    }
}
