using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Logits;

/// <summary>What an output is taken for, and that nothing is taken for anything without evidence.</summary>
public class OutputKindTests
{
    private readonly LinearTeacher teacher = new(features: 6, classes: 3, seed: 2);

    [Theory]
    [InlineData("logits", OutputKind.Classes)]
    [InlineData("class_scores", OutputKind.Classes)]
    [InlineData("predLogits", OutputKind.Classes)]
    [InlineData("variable", OutputKind.Values)]
    [InlineData("sentence_embedding", OutputKind.Embedding)]
    [InlineData("output", null)]
    [InlineData("scores", null)] // of classes, or any numbers
    [InlineData("classical", null)]
    [InlineData("class_embedding", null)] // says two things
    public void OfName_SaysWhatItsWordsSay(string name, OutputKind? expected) => Assert.Equal(expected, KindEvidence.OfName(name, columns: 3)?.Kind);

    [Theory]
    [InlineData("logit", OutputKind.Labels)]
    [InlineData("value", OutputKind.Values)]
    [InlineData("score", null)]
    public void OfName_OfOneColumn_IsALabelOnlyIfItIsALogit(string name, OutputKind? expected) =>
        Assert.Equal(expected, KindEvidence.OfName(name, columns: 1)?.Kind);

    [Fact]
    public void Output_WithoutEvidence_IsRefusedWithTheReadings()
    {
        var error = Assert.Throws<InputException>(() => Open(Unnamed()));
        Assert.Contains("kind: classes", error.Message);
        Assert.All(Enum.GetValues<OutputKind>(), kind => Assert.Contains(kind.Word(), error.Message));
    }

    [Theory]
    [InlineData(OutputKind.Classes, StreamKind.Logit)]
    [InlineData(OutputKind.Labels, StreamKind.LabelLogit)]
    [InlineData(OutputKind.Values, StreamKind.Value)]
    [InlineData(OutputKind.Embedding, StreamKind.Embedding)]
    public void Output_Named_IsTakenAtItsWord(OutputKind kind, StreamKind expected)
    {
        using var classifier = Open(Unnamed(), kind);
        Assert.Equal((expected, 3), (classifier.Output.Kind, classifier.Classes));
    }

    /// <summary>Percentages sum to 100, and their softmax would say that nearly nothing but the first class is possible.</summary>
    [Fact]
    public void Output_OfPercentages_IsRefusedAsClassesUntilItIsSaidWhatTheyAre()
    {
        GraphBuilder Percent() => teacher.Graph().Node("Softmax", "logits", "p", ("axis", 1)).Floats("hundred", [100]).Node("Mul", "p hundred", "class_scores").Output("class_scores");

        var error = Assert.Throws<InputException>(() => Open(Percent())).Message;

        Assert.Contains("each row sums to 100", error);
        Assert.Contains("kind: values", error);
        using var values = Open(Percent(), OutputKind.Values);
        Assert.Equal(StreamKind.Value, values.Output.Kind);
    }

    /// <summary>Rounded to whole numbers, rows sum to 99 or 101 too.</summary>
    [Fact]
    public void Output_OfWholePercentages_IsRefusedAsClasses()
    {
        var graph = teacher.Graph().Node("Softmax", "logits", "p", ("axis", 1)).Floats("hundred", [100]).Node("Mul", "p hundred", "percent").Node("Round", "percent", "class_scores").Output("class_scores");

        Assert.Contains("percentages, or votes", Assert.Throws<InputException>(() => Open(graph)).Message);
    }

    /// <summary>Scores of labels of their own, or probabilities that were rounded: neither are logits of classes.</summary>
    [Fact]
    public void Output_OfScoresBetween0And1ThatSumToOtherNumbers_IsRefusedUntilItIsSaidWhatTheyAre()
    {
        var graph = teacher.Graph().Node("Sigmoid", "logits", "p").Floats("most", [0.9f]).Node("Mul", "p most", "class_scores").Output("class_scores");

        Assert.Contains("probabilities: true", Assert.Throws<InputException>(() => Open(graph)).Message);
    }

    /// <summary>As logits they would say yes to every label.</summary>
    [Fact]
    public void Labels_OfPercentages_AreRefused()
    {
        var graph = new LinearTeacher(features: 6, classes: 5, seed: 2).Graph().Node("Sigmoid", "logits", "p").Floats("hundred", [100]).Node("Mul", "p hundred", "out").Output("out");

        Assert.Contains("no value below 0, and some above 1", Assert.Throws<InputException>(() => Open(graph, OutputKind.Labels)).Message);
    }

    /// <summary>Two softmaxes that were added are no logits, whatever they are called.</summary>
    [Fact]
    public void Output_OfSharesThatIsCalledLogits_IsRefused()
    {
        var graph = teacher.Graph().Node("Softmax", "logits", "p", ("axis", 1)).Node("Softmax", "product", "q", ("axis", 1)).Node("Add", "p q", "all_logits").Output("all_logits");

        Assert.Contains("each row sums to 2", Assert.Throws<InputException>(() => Open(graph)).Message);
    }

    /// <summary>Distances: the class is the nearest, and as scores the farthest would be taken.</summary>
    [Fact]
    public void Output_ThatAnArgMinReads_HoldsNoClasses()
    {
        GraphBuilder Nearest() => teacher.Graph().Node("Abs", "logits", "distances").Node("ArgMin", "distances", "label", ("axis", 1)).Output("label", DataType.Int64);

        Assert.Contains("node 'label' (ArgMin)", Assert.Throws<InputException>(() => Open(Nearest().Output("distances"), OutputKind.Classes)).Message);
        Assert.Contains("'distances', whose smallest it names", Assert.Throws<InputException>(() => Open(Nearest())).Message);
    }

    /// <summary>Bits of a threshold that is none of logits: what is compared is what there is to learn.</summary>
    [Fact]
    public void Output_OfAComparison_NamesWhatIsCompared()
    {
        var graph = teacher.Graph().Node("Sigmoid", "logits", "p").Floats("threshold", [0.3f]).Node("Greater", "p threshold", "is").Node("Cast", "is", "tags", ("to", (long)DataType.Int64))
            .Output("tags", DataType.Int64);

        Assert.Contains("'tags' is made of 'p', by a comparison", Assert.Throws<InputException>(() => Open(graph)).Message);
    }

    /// <summary>Of three classes there are as many pairs as classes, which nothing but the machine itself tells.</summary>
    [Theory]
    [InlineData(3, true)]
    [InlineData(2, false)]
    public void Output_OfASupportVectorMachine_HoldsClassesOnlyOfTwo(int classes, bool isRefused)
    {
        var graph = new GraphBuilder().Input("x", Onnx.TensorProto.Types.DataType.Float, "N", 6).Output("class_scores");
        float[] vectors = [.. Enumerable.Range(0, classes * 6).Select(i => (float)(i % 5 - 2))];
        var machine = new Onnx.NodeProto { OpType = "SVMClassifier", Domain = "ai.onnx.ml", Input = { "x" }, Output = { "label", "class_scores" } };
        Floats("support_vectors", vectors);
        Floats("coefficients", [.. Enumerable.Repeat(1f, classes * (classes - 1))]);
        Floats("rho", new float[classes * (classes - 1) / 2]);
        Floats("kernel_params", [0.5f, 0, 3]);
        machine.Attribute.Add(new Onnx.AttributeProto { Name = "vectors_per_class", Type = Onnx.AttributeProto.Types.AttributeType.Ints, Ints = { Enumerable.Repeat(1L, classes) } });
        machine.Attribute.Add(new Onnx.AttributeProto { Name = "classlabels_ints", Type = Onnx.AttributeProto.Types.AttributeType.Ints, Ints = { Enumerable.Range(0, classes).Select(c => (long)c) } });
        graph.Graph.Node.Add(machine);
        var model = graph.BuildProto();
        model.OpsetImport.Add(new Onnx.OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 1 });

        var error = Record.Exception(() => OnnxClassifier.Open(Core.Onnx.OnnxModel.FromProto(model), [6], [new()], new() { Device = "cpu", Threads = 1 }).Dispose());

        Assert.Equal(isRefused, error is InputException { Message: var message } && message.Contains("compare classes two by two"));

        void Floats(string name, float[] values) =>
            machine.Attribute.Add(new Onnx.AttributeProto { Name = name, Type = Onnx.AttributeProto.Types.AttributeType.Floats, Floats = { values } });
    }

    [Fact]
    public void Output_ThatIsAListOfTensors_NamesThem()
    {
        var graph = teacher.Graph().Node("Softmax", "logits", "first", ("axis", 1)).Node("Identity", "first", "second").Node("SequenceConstruct", "first second", "all").Output("all");
        graph.Graph.Output[0].Type = new Onnx.TypeProto { SequenceType = new() { ElemType = new() { TensorType = new() { ElemType = 1 } } } };

        Assert.Contains("--outputs first,second", Assert.Throws<InputException>(() => Open(graph)).Message);
    }

    [Fact]
    public void Output_DividedByItsLength_IsAnEmbeddingAsItIs()
    {
        var graph = teacher.Graph().Node("ReduceL2", "logits", "length", ("keepdims", 1)).Node("Div", "logits length", "out").Output("out");
        graph.Graph.Node.First(node => node.OpType == "ReduceL2").Attribute.Add(new Onnx.AttributeProto
        {
            Name = "axes", Type = Onnx.AttributeProto.Types.AttributeType.Ints, Ints = { 1 },
        });
        using var classifier = Open(graph);
        var values = new float[8 * 3];
        classifier.Run(teacher.Samples(8), 8, values);

        Assert.Equal(("out", StreamKind.Embedding), (classifier.Output.Tensor, classifier.Output.Kind));
        Assert.Contains("length", classifier.Output.Evidence);
        Assert.All(values.Chunk(3), row => Assert.Equal(1, Math.Sqrt(row.Sum(v => (double)v * v)), 5));
    }

    [Fact]
    public void Output_UnitVectorsOfUnknownMake_AreAnEmbedding()
    {
        // Squared, summed and divided with a root: no structural rule sees through it.
        var graph = teacher.Graph().Node("Mul", "logits logits", "squares").Node("ReduceSum", "squares one", "sum", ("keepdims", 1)).Integers("one", 1)
            .Node("Sqrt", "sum", "length").Node("Reciprocal", "length", "inverse").Node("Mul", "logits inverse", "out").Output("out");
        using var classifier = Open(graph);
        Assert.Equal(StreamKind.Embedding, classifier.Output.Kind);
        Assert.Contains("length 1", classifier.Output.Evidence);
    }

    [Fact]
    public void Output_ThatAnArgMaxReads_HoldsClasses()
    {
        var graph = teacher.Graph().Node("Neg", "logits", "out").Node("ArgMax", "out", "best", ("axis", 1)).Output("out").Output("best", Onnx.TensorProto.Types.DataType.Int64);
        using var classifier = Open(graph);
        Assert.Equal(StreamKind.Logit, classifier.Output.Kind);
    }

    [Fact]
    public void Output_OfAnActivationOfHiddenUnits_IsNotTakenForLabels()
    {
        var graph = teacher.Graph().Node("Neg", "logits", "out").Node("Sigmoid", "out", "gate").Node("Mul", "out gate", "swish").Output("out");
        Assert.Throws<InputException>(() => Open(graph));
    }

    [Fact]
    public void Output_OneColumnBehindSigmoid_IsOneLabel()
    {
        var binary = new LinearTeacher(features: 6, classes: 1, seed: 5);
        var graph = binary.Graph().Integers("axis", 1).Node("Squeeze", "logits axis", "flat").Node("Sigmoid", "flat", "out").Output("out");
        using var classifier = Open(graph);
        var values = new float[8];
        classifier.Run(binary.Samples(8), 8, values);

        Assert.Equal((StreamKind.LabelLogit, 1), (classifier.Output.Kind, classifier.Classes));
        Near.Equal(binary.Logits(binary.Samples(8)), values, 2e-6);
    }

    [Fact]
    public void Labels_BehindSoftmax_AreRefused() => Assert.Contains(
        "independent labels", Assert.Throws<InputException>(() => Open(teacher.Graph().Node("Softmax", "logits", "out").Output("out"), OutputKind.Labels)).Message);

    [Fact]
    public void Labels_ProbabilitiesThatCannotBeTraced_BecomeTheirLogOdds()
    {
        var wide = new LinearTeacher(features: 6, classes: 7, seed: 2);
        var graph = wide.Graph().Floats("one", [1]).Node("Sigmoid", "logits", "p").Node("Mul", "p one", "out").Output("out");
        using var classifier = OnnxClassifier.Open(graph.Build(), [6], [new() { Kind = OutputKind.Labels }], new() { Device = "cpu", Threads = 1 });
        var values = new float[8 * 7];
        classifier.Run(wide.Samples(8), 8, values);
        Near.Equal(wide.Logits(wide.Samples(8)), values, 2e-5);
    }

    [Fact]
    public void OfLabels_RightFarMoreOftenThanChance_IsEvidence()
    {
        int[] labels = [.. Enumerable.Range(0, 90).Select(i => i % 3)];
        Assert.Equal(OutputKind.Classes, KindEvidence.OfLabels(Scores(labels, right: 60), 3, labels)?.Kind);
        Assert.Null(KindEvidence.OfLabels(Scores(labels, right: 35), 3, labels)); // a third is chance
        Assert.Null(KindEvidence.OfLabels(Scores(labels, right: 90), 3, [.. labels.Select(label => label + 1)])); // a label beyond the columns
        int[] alike = new int[90];
        Assert.Null(KindEvidence.OfLabels(Scores(alike, right: 90), 3, alike)); // one label everywhere says nothing

        static float[] Scores(int[] labels, int right) =>
            [.. labels.SelectMany((label, i) => Enumerable.Range(0, 3).Select(c => c == (i < right ? label : (label + 1) % 3) ? 1f : 0))];
    }

    private GraphBuilder Unnamed() => teacher.Graph().Node("Neg", "logits", "out").Output("out");

    private static OnnxClassifier Open(GraphBuilder graph, OutputKind? kind = null) =>
        OnnxClassifier.Open(graph.Build(), [6], [new() { Kind = kind }], new() { Device = "cpu", Threads = 1 });
}
