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

    /// <summary>YOLOX without its decoding: offsets, and logarithms of sizes that are never below 0 here. The second level joins other anchors.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Boxes_ThatALayerGivesAsTheyAre_AreRefusedUntilTheyAreNamed(int levels)
    {
        var graph = Convolutions(levels, box => box);
        Assert.Contains("not decoded", Assert.Throws<InputException>(() => OnnxClassifier.Open(graph.Build(), [3, 4, 4], device: "cpu")).Message);
        using var session = OnnxClassifier.Open(graph.Build(), [3, 4, 4], [new() { Boxes = BoxForm.Xywh }], new() { Device = "cpu" });
        Assert.Equal(new DetectorForm(BoxForm.Xywh, true), session.Output.Detector);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Boxes_AroundOnePoint_AreRefused_AroundAGridTheyAreTaken(bool hasGrid)
    {
        var graph = Convolutions(1, box => "decoded");
        graph.Integers("pair", 2, 2).Floats("grid", [.. Enumerable.Range(0, 2 * Anchors).Select(i => 8f * (i < Anchors ? i % 4 : i % Anchors / 4))], 1, 2, 4, 4).Floats("none", [0]);
        graph.Graph.Node.Insert(1, new Onnx.NodeProto
        {
            OpType = "Split", Name = "apart", Input = { "box0", "pair" }, Output = { "centre", "size" }, Attribute = { new Onnx.AttributeProto { Name = "axis", Type = Onnx.AttributeProto.Types.AttributeType.Int, I = 1 } },
        });
        foreach (var (i, (op, inputs, output)) in new[] { ("Exp", "size", "wide"), ("Add", $"centre {(hasGrid ? "grid" : "none")}", "placed"), ("Concat", "placed wide", "decoded") }.Index())
        {
            graph.Node(op, inputs, output, op == "Concat" ? [("axis", 1)] : []);
            var node = graph.Graph.Node[^1];
            graph.Graph.Node.RemoveAt(graph.Graph.Node.Count - 1);
            graph.Graph.Node.Insert(2 + i, node);
        }

        if (!hasGrid)
        {
            Assert.Contains("about the same centre", Assert.Throws<InputException>(() => OnnxClassifier.Open(graph.Build(), [3, 4, 4], device: "cpu")).Message);
            return;
        }

        using var session = OnnxClassifier.Open(graph.Build(), [3, 4, 4], device: "cpu");
        Assert.Equal(BoxForm.Xywh, session.Output.Detector!.Boxes);
    }

    /// <summary>What any exporter with dynamic axes leaves of two outputs: no lengths.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TwoOutputs_OfLengthsThatAreNotDeclared_AreTried(bool anchorsFirst)
    {
        var graph = Branches(true, [4, 3], "unread");
        graph.Graph.Node.RemoveAt(graph.Graph.Node.Count - 1);
        foreach (var (branch, name) in new[] { ("branch0", "boxes"), ("branch1", "scores") })
        {
            graph.Node(anchorsFirst ? "Transpose" : "Identity", branch, name).Output(name);
            if (anchorsFirst)
                graph.Graph.Node[^1].Attribute.Add(new Onnx.AttributeProto { Name = "perm", Type = Onnx.AttributeProto.Types.AttributeType.Ints, Ints = { 0, 2, 1 } });
        }

        using var session = Open(graph, new() { Tensor = "boxes", Scores = "scores" });
        Assert.Equal((anchorsFirst ? 1 : 0, "16,7"), (session.Layouts[0].ClassAxis, string.Join(',', session.Output.Shape)));
    }

    /// <summary>A file for one sample has 16 boxes: too few to tell corners by.</summary>
    [Fact]
    public void Batch_OfOneSample_IsTriedOnMore()
    {
        using var session = OnnxClassifier.Open(Corners(null).Output("joined").Build(), [5], [new() { Objectness = false }], new() { Device = "cpu" });
        Assert.Equal(new DetectorForm(BoxForm.Xyxy, false), session.Output.Detector);
        Assert.Contains("in each of 64", session.Output.Evidence);
    }

    [Theory]
    [InlineData(0L, BoxForm.Xyxy, true)]
    [InlineData(1L, BoxForm.Xywh, true)]
    [InlineData(0L, BoxForm.Xyxy, false)]
    public void SuppressionInTheFile_IsRefusedWithTheTensorsBeforeIt_WhichSayHowBoxesAreWritten(long isCentred, BoxForm form, bool isOneOutput)
    {
        var graph = Corners(isCentred);
        graph = isOneOutput ? graph.Output("found") : graph.Output("picked").Output("chosen");

        var error = Assert.Throws<InputException>(() => OnnxClassifier.Open(graph.Build(), [5], device: "cpu"));

        Assert.Contains("--set teachers.0.output=turned --set teachers.0.scores=suppressed", error.Message);
        using var session = OnnxClassifier.Open(graph.Build(), [5], [new() { Tensor = "turned", Scores = "suppressed" }], new() { Device = "cpu" });
        Assert.Equal(new DetectorForm(form, false), session.Output.Detector);
        Assert.Contains("as its own suppression reads them", session.Output.Evidence);
    }

    /// <summary>As SSD (first) and DETR behind its softmax (last): what is stored is the log-odds of each probability.</summary>
    [Theory]
    [InlineData(BackgroundColumn.First)]
    [InlineData(BackgroundColumn.Last)]
    public void Scores_BehindASoftmax_HaveTheBackgroundThatIsHighestNearlyEverywhere(BackgroundColumn background)
    {
        var graph = Exclusive(background == BackgroundColumn.First ? [4, 0, 0] : [0, 0, 4], "Softmax");
        using var session = Open(graph);

        Assert.Equal(new DetectorForm(BoxForm.Xywh, false) { Background = background }, session.Output.Detector);
        Assert.Contains("scores sum to 1", session.Output.Evidence);
        using var raw = OnnxClassifier.Open(graph.Build(), [5], [new() { Tensor = "out", IsFeature = true }], new() { Device = "cpu" });
        float[] samples = Samples(2), stored = new float[2 * Anchors * 7], given = new float[2 * Anchors * 7];
        session.Run(samples, 2, stored);
        raw.Run(samples, 2, given);
        for (var i = 0; i < stored.Length; i++)
        {
            var (anchor, c) = Math.DivRem(i, 7);
            double value = given[(anchor / Anchors * 7 + c) * Anchors + anchor % Anchors];
            Assert.Equal(c < 4 ? value : Math.Log(value / (1 - value)), stored[i], 3);
        }
    }

    [Fact]
    public void Scores_BehindASoftmax_OfWhichNoEndIsHighest_AreAskedFor()
    {
        var graph = Exclusive([0, 4, 0], "Softmax");
        Assert.Contains("'background: first', 'background: last' or 'background: none'", Assert.Throws<InputException>(() => Open(graph)).Message);
        using var session = Open(graph, new() { Background = BackgroundColumn.None });
        Assert.Null(session.Output.Detector!.Background);
    }

    /// <summary>DETR as it is exported, without its softmax.</summary>
    [Fact]
    public void Logits_OfWhichOneEndIsHighestNearlyEverywhere_AreRefusedUntilTheyAreSaidToBeIndependent()
    {
        var graph = Exclusive([0, 0, 4], "Identity");
        Assert.Contains("name the tensor behind", Assert.Throws<InputException>(() => Open(graph)).Message);
        Assert.Contains("name the tensor behind", Assert.Throws<InputException>(() => Open(graph, new() { Background = BackgroundColumn.Last })).Message);
        using var session = Open(graph, new() { Background = BackgroundColumn.None });
        Assert.Equal(new DetectorForm(BoxForm.Xywh, false), session.Output.Detector);
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

    /// <summary>Boxes as corners, with scores, for one sample; and what a suppression that takes them as centres, or not, leaves of them.</summary>
    private static GraphBuilder Corners(long? isCentred)
    {
        var graph = Grid(Grid(new GraphBuilder().Input("x", DataType.Float, 1, 5), 4, "Box"), 3, "Score").Integers("axis", 1);
        Slice(graph, "gridBox", 0, 2, "low");
        Slice(graph, "gridBox", 2, 4, "size0");
        graph.Node("Exp", "size0", "size").Node("Add", "low size", "high").Node("Concat", "low high", "turned", ("axis", 1)).Node("Sigmoid", "gridScore", "suppressed");
        Turn("turned", "boxes");
        Turn("suppressed", "scores");
        if (isCentred is not { } centred)
            return graph.Node("Concat", "boxes scores", "joined", ("axis", 2));
        graph.Integers("most", 10).Floats("overlap", [0.45f], 1).Floats("least", [0.25f], 1).Integers("third", 2).Integers("anchor", 2).Integers("one", 1)
            .Node("NonMaxSuppression", "boxes suppressed most overlap least", "chosen0", ("center_point_box", centred))
            .Node("Gather", "chosen0 anchor", "at0", ("axis", 1)).Node("Squeeze", "at0 one", "at").Integers("batch", 0).Node("Squeeze", "boxes batch", "all").Node("Gather", "all at", "picked", ("axis", 0))
            .Node("Cast", "chosen0", "chosen", ("to", (long)DataType.Float)).Node("Concat", "chosen picked", "found", ("axis", 1));
        return graph;

        void Turn(string tensor, string name)
        {
            graph.Node("Transpose", tensor, name);
            graph.Graph.Node[^1].Attribute.Add(new Onnx.AttributeProto { Name = "perm", Type = Onnx.AttributeProto.Types.AttributeType.Ints, Ints = { 0, 2, 1 } });
        }
    }

    /// <summary>A branch for the box, and one for three scores that are moved and activated together.</summary>
    private static GraphBuilder Exclusive(float[] shift, string activation)
    {
        var graph = Grid(Grid(new GraphBuilder().Input("x", DataType.Float, "N", 5).Floats("size", [32]).Floats("shift", shift, 1, 3, 1), 4, "0"), 3, "1");
        return graph.Node("Sigmoid", "grid0", "sigmoid").Node("Mul", "sigmoid size", "box").Node("Add", "grid1 shift", "shifted")
            .Node(activation, "shifted", "scores", activation == "Softmax" ? [("axis", 1)] : []).Node("Concat", "box scores", "out", ("axis", 1)).Output("out");
    }

    /// <summary>Convolutions for box, objectness and three classes at each cell of 4 × 4, joined; then the levels.</summary>
    private static GraphBuilder Convolutions(int levels, Func<string, string> decode)
    {
        var (graph, random) = (new GraphBuilder().Input("x", DataType.Float, "N", 3, 4, 4).Integers("flat", 0, 8, -1), new Random(11));
        for (var level = 0; level < levels; level++)
        {
            foreach (var (name, columns) in new[] { ("box", 4), ("object", 1), ("class", 3) })
            {
                float[] weights = [.. Enumerable.Range(0, columns * 3).Select(_ => (float)(random.NextDouble() - 0.5) * 0.2f)], bias = name == "box" ? [0.5f, 0.5f, 3, 3] : new float[columns];
                graph.Floats($"{name}{level}/w", weights, columns, 3, 1, 1).Floats($"{name}{level}/b", bias, columns).Node("Conv", $"x {name}{level}/w {name}{level}/b", $"{name}{level}");
                if (name != "box")
                    graph.Node("Sigmoid", $"{name}{level}", $"{name}{level}/p");
            }

            graph.Node("Concat", $"{decode($"box{level}")} object{level}/p class{level}/p", $"level{level}", ("axis", 1)).Node("Reshape", $"level{level} flat", $"flat{level}");
        }

        return graph.Node("Concat", string.Join(' ', Enumerable.Range(0, levels).Select(level => $"flat{level}")), "out", ("axis", 2)).Output("out");
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
