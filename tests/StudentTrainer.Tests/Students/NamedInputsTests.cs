using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Students;

/// <summary>Built-in students for samples of several inputs, exported and run by ONNX Runtime.</summary>
public sealed class NamedInputsTests
{
    private const int Length = 6;

    private static readonly SampleShape text = SampleShape.Of(
        [new("ids", ElementType.Int64, [Length]), new("attention_mask", ElementType.Int64, [Length]), new("token_type_ids", ElementType.Int64, [Length])], "attention_mask");

    [Theory]
    [InlineData("mean", 3)]
    [InlineData("first", 3)]
    [InlineData("none", 3 * Length)]
    public void Transformer_SaysTheSameWhateverIsPadded(string pooling, int values)
    {
        var model = Export(Build("transformer", text, ("vocabulary", 9), ("width", 16), ("heads", 2), ("depth", 2), ("pooling", pooling)), text);
        float[] Run(params long[] ids) => RunText(model, ids, [1, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0]);

        var (first, other) = (Run(1, 2, 3, 0, 0, 0), Run(1, 2, 3, 8, 7, 6));
        Assert.Equal(values, first.Length);
        Assert.Equal(first[..(values == 3 ? 3 : 9)], other[..(values == 3 ? 3 : 9)], (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.NotEqual(first, Run(1, 2, 4, 0, 0, 0));
        Assert.NotEqual(first, RunText(model, [1, 2, 3, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]));
        if (values == 3) // fewer tokens without padding are the same text
            Assert.Equal(first, RunText(model, [1, 2, 3], [1, 1, 1], [0, 0, 1]), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    public static TheoryData<string, string, string, long[]> Paddings
    {
        get
        {
            var all = new TheoryData<string, string, string, long[]>();
            foreach (var mask in new long[][] { [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 1, 0] })
                foreach (var (architecture, option, value) in new[]
                {
                    ("transformer", "pooling", "mean"), ("transformer", "pooling", "first"), ("transformer", "pooling", "none"),
                    ("bilstm", "output", "sequence"), ("bilstm", "output", "frames"), ("bigru", "output", "sequence"), ("bigru", "output", "frames"),
                })
                    all.Add(architecture, option, value, mask);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Paddings))]
    public void Students_OfText_PassOverPaddingWhereverItStands(string architecture, string option, string value, long[] mask)
    {
        (string, object)[] sizes = architecture == "transformer" ? [("width", 16), ("heads", 2), ("depth", 2)] : [("hidden", 5), ("depth", 2), ("embedding", 6)];
        var model = Export(Build(architecture, text, [("vocabulary", 9), .. sizes, (option, value)]), text);
        var isEach = value is "none" or "frames";
        float[] Run(long[] words, long padding) => Counted(RunText(model, Spread(words, mask, padding), mask, Spread([0, 0, 1], mask, padding % 2)), mask, isEach);

        var first = Run([1, 2, 3], 0);
        Assert.Equal(isEach ? 9 : 3, first.Length);
        Assert.Equal(first, Run([1, 2, 3], 7), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.NotEqual(first, Run([1, 2, 4], 0));
        // Layers without positions say the same of the text alone.
        if (architecture != "transformer")
            Assert.Equal(first, RunText(model, [1, 2, 3], [1, 1, 1], [0, 0, 1]), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Theory]
    [InlineData("bilstm")]
    [InlineData("bigru")]
    public void Recurrent_TextOfNothingButPadding_IsANumber(string architecture)
    {
        var model = Export(Build(architecture, text, ("vocabulary", 9), ("hidden", 4)), text);
        Assert.All(RunText(model, [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]), value => Assert.True(float.IsFinite(value)));
    }

    /// <summary>Words in the places that a mask has, something else in the others.</summary>
    private static long[] Spread(long[] words, long[] mask, long padding)
    {
        var left = new Queue<long>(words);
        return [.. mask.Select(counts => counts == 1 ? left.Dequeue() : padding)];
    }

    private static float[] Counted(float[] given, long[] mask, bool isEach) => isEach ? [.. given.Chunk(3).Where((_, position) => mask[position] == 1).SelectMany(row => row)] : given;

    [Fact]
    public void Mlp_WithLogarithmsInside_GivesWhatItGivesForTheLogarithms()
    {
        var table = SampleShape.Of([new("income", ElementType.Float32, []), new("sizes", ElementType.Float32, [3])], null);
        var student = Build("mlp", table, ("widths", new[] { 4 }));
        float[] raw = [10_000, 7, -300, 4];
        float[] expected = [.. raw.Select((value, i) => (float)((i == 1 ? value : Math.Sign(value - 5) * Math.Log(1 + Math.Abs(value - 5) / (i == 0 ? 2 : 1))) - 1) / 2)];

        var whole = Export(student, table, new() { Log = new() { Centre = [5], Unit = [2, 0, 1, 1] }, Mean = [1], Std = [2] });

        Assert.Equal(Run(Export(student, table), expected), Run(whole, raw), (a, b) => Math.Abs(a - b) < 1e-6);

        static float[] Run(OnnxModel model, float[] row)
        {
            using var session = new InferenceSession(model.ToBytes());
            using var options = new RunOptions();
            using var income = OrtValue.CreateTensorValueFromMemory(row[..1], [1, 1]);
            using var sizes = OrtValue.CreateTensorValueFromMemory(row[1..], [1, 3]);
            using var results = session.Run(options, new Dictionary<string, OrtValue> { ["income"] = income, ["sizes"] = sizes }, ["logits"]);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
    }

    [Fact]
    public void Mlp_TakesTextsAsTheyAre_WithItsPreprocessingInside()
    {
        var table = SampleShape.Of([new("age", ElementType.Float32, []), new("sex", ElementType.Float32, []) { Texts = ["male", "female"] }], null);
        var model = Export(Build("mlp", table, ("widths", new[] { 4 })), table, new() { Mean = [30, 0], Std = [10, 1] });
        using var session = new InferenceSession(model.ToBytes());
        Assert.Equal(["age", "sex"], session.InputMetadata.Keys.Order());

        // Worked out from the weights: age is standardised, each text has a column.
        var weights = model.Proto.Graph.Initializer.Where(tensor => tensor.DataType == 1).ToDictionary(tensor => tensor.Name, tensor => tensor.ToFloats());
        foreach (var (given, marks) in new[] { ("male", new[] { 1f, 0 }), ("female", new[] { 0f, 1 }), ("neither", new[] { 0f, 0 }) })
        {
            float[] row = [(42 - 30) / 10f, .. marks];
            float[] hidden = [.. Enumerable.Range(0, 4).Select(unit => Math.Max(0, weights["hidden1.bias"][unit] + row.Select((value, i) => value * weights["hidden1.weight"][Index(i, unit)]).Sum()))];
            float[] expected = [.. Enumerable.Range(0, 3).Select(unit => weights["classifier.bias"][unit] + hidden.Select((value, i) => value * weights["classifier.weight"][i + unit * 4]).Sum())];
            using var age = OrtValue.CreateTensorValueFromMemory([42f], [1, 1]);
            using var sex = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, [1, 1]);
            sex.StringTensorSetElementAt(given.AsSpan(), 0);
            using var options = new RunOptions();
            using var results = session.Run(options, new Dictionary<string, OrtValue> { ["age"] = age, ["sex"] = sex }, ["logits"]);
            Assert.Equal(expected, results[0].GetTensorDataAsSpan<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        }

        static int Index(int input, int unit) => input + unit * 3;
    }

    private static readonly SampleShape table = SampleShape.Of(
        [new("age", ElementType.Float32, []), new("shop", ElementType.Float32, []) { Texts = ["north", "south", "west"] }], null);

    [Fact]
    public void Mlp_WithCategoryEmbedding_LooksEachTextUpInALearnedTable()
    {
        var model = Export(Build("mlp", table, ("widths", new[] { 4 }), ("category-embedding", 2)), table);
        using var session = new InferenceSession(model.ToBytes());
        var weights = model.Proto.Graph.Initializer.Where(tensor => tensor.DataType == 1).ToDictionary(tensor => tensor.Name, tensor => tensor);
        Assert.Equal([3, 2], weights["embedded/shop.weight"].Dims);
        Assert.Equal([4, 3], weights["hidden1.weight"].Dims.Order().Reverse());

        // Worked out from the weights: what was never seen is zeros.
        var rows = weights["embedded/shop.weight"].ToFloats();
        foreach (var (given, vector) in new[] { ("north", rows[..2]), ("west", rows[4..]), ("nowhere", new float[2]) })
        {
            float[] row = [0.5f, .. vector];
            float[] hidden = [.. Enumerable.Range(0, 4).Select(unit => Math.Max(0, weights["hidden1.bias"].ToFloats()[unit] + row.Select((value, i) => value * weights["hidden1.weight"].ToFloats()[i + unit * 3]).Sum()))];
            float[] expected = [.. Enumerable.Range(0, 3).Select(unit => weights["classifier.bias"].ToFloats()[unit] + hidden.Select((value, i) => value * weights["classifier.weight"].ToFloats()[i + unit * 4]).Sum())];
            using var age = OrtValue.CreateTensorValueFromMemory([0.5f], [1, 1]);
            using var shop = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, [1, 1]);
            shop.StringTensorSetElementAt(given.AsSpan(), 0);
            using var options = new RunOptions();
            using var results = session.Run(options, new Dictionary<string, OrtValue> { ["age"] = age, ["shop"] = shop }, ["logits"]);
            Assert.Equal(expected, results[0].GetTensorDataAsSpan<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        }
    }

    /// <summary>Compared with ONNX Runtime; a text that the transfer set does not have has a number beyond the table.</summary>
    [Fact]
    public void Mlp_WithCategoryEmbedding_LearnsTheRowsOfTheTextsThatItSees()
    {
        var student = Build("mlp", table, ("widths", new[] { 4 }), ("category-embedding", 2));
        float[] samples = [0.5f, 0, -1, 2, 0.25f, 2, 1, 3];
        Oracle.RequireParity(student, samples, [4, 2]);
        var program = Programs.CompileForTraining(student);
        using var scope = torch.NewDisposeScope();
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);

        program.Run(weights, torch.tensor(samples, [4, 2]), training: true)[0].pow(2).sum().backward();

        var gradient = weights.Parameters.Single(parameter => parameter.Weight.Name == "embedded/shop.weight").Tensor.grad!.abs().sum(1).data<float>().ToArray();
        Assert.Equal([true, false, true], gradient.Select(size => size > 0));
    }

    [Fact]
    public void Mlp_WithCategoryEmbeddingAndNoTexts_IsRefused()
    {
        var numbers = SampleShape.Of([new("age", ElementType.Float32, []), new("fare", ElementType.Float32, [])], null);
        Assert.Contains("student.category-embedding", Assert.Throws<InputException>(() => Build("mlp", numbers, ("category-embedding", 2))).Message);
    }

    [Theory]
    [InlineData("gpt")]
    [InlineData("cnn")]
    [InlineData("bigru")]
    public void ArchitectureOfOtherInputs_SaysWhatItTakesAndWhatToUse(string architecture)
    {
        var error = Assert.Throws<InputException>(() => Build(architecture, text)).Message;
        Assert.Contains("attention_mask int64", error);
        Assert.Contains(architecture == "bigru" ? "student.vocabulary says how many there are" : "choose one that takes them (transformer-tiny, bilstm, bigru, mlp)", error);
    }

    private static OnnxModel Build(string architecture, SampleShape sample, params (string Name, object Value)[] options)
    {
        var student = new StudentOptions { Architecture = architecture };
        foreach (var (name, value) in options)
            student.Values[name] = value;
        return InputFront.Behind(Architectures.Build(student, sample, 3, seed: 1), sample, InputFeeds.None);
    }

    private static OnnxModel Export(OnnxModel student, SampleShape sample, Preprocessing? inside = null) =>
        NamedInputs.Offer(student, sample, InputFeeds.None, teacher: null, inside ?? Preprocessing.None);

    private static float[] RunText(OnnxModel model, long[] ids, long[] mask, long[] kinds)
    {
        using var session = new InferenceSession(model.ToBytes());
        using var options = new RunOptions();
        OrtValue Of(long[] values) => OrtValue.CreateTensorValueFromMemory(values, [1, values.Length]);
        using var results = session.Run(options, new Dictionary<string, OrtValue> { ["ids"] = Of(ids), ["attention_mask"] = Of(mask), ["token_type_ids"] = Of(kinds) }, ["logits"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
