using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Tests.TransferSets;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.Preparation;

/// <summary>Each fault of a sample is named with its file, sample, input and position, before a model runs.</summary>
public sealed class SampleChecksTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void IdBeyondTheTable_NamesItsPlaceAndTheTable()
    {
        var error = Fails([1L, 2, 3, 4, 7, 0], [1L, 1, 1, 1, 1, 0]);
        Assert.Contains("an id that a model does not know", error);
        Assert.Contains("ids.npy, sample 1, input 'ids', position 1", error);
        Assert.Contains("found:    7\n", error);
        Assert.Contains("0 to 6: input 'ids' of m.onnx looks up 7 rows ('table')", error);
        Assert.Contains("this model's own tokenizer", error);
        Assert.Contains("set student.vocabulary to 8 or more", Fails([1L, 2, 3, 4, 7, 0], [1L, 1, 1, 1, 1, 0], key: "student.vocabulary"));
    }

    [Fact]
    public void IdsThatAreKnown_Pass() => Require([0L, 6, -7, -1, 3, 0], [1L, 0, 1, 0, 1, 0]); // ONNX counts negative ones from the end

    [Theory]
    [InlineData(0.5f, "0.5")]
    [InlineData(2f, "2")]
    public void MaskOfSomethingElse_NamesItsPlace(float value, string found)
    {
        var error = Fails([1L, 2, 3, 4, 5, 0], [1f, 1, 1, 1, value, 0]);
        Assert.Contains("values other than 0 and 1", error);
        Assert.Contains("mask.npy, sample 1, input 'mask', position 1", error);
        Assert.Contains($"found:    {found}\n", error);
        Assert.Contains("mask: none", error);
    }

    [Fact]
    public void NotANumber_NamesItsInput()
    {
        var error = Fails([1L, 2, 3, 4, 5, 0], [1f, 1, 1, 1, float.NaN, 0]);
        Assert.Contains("not a finite number", error);
        Assert.Contains("mask.npy, sample 1, input 'mask', position 1", error);
    }

    [Fact]
    public void FractionForIntegers_NamesTheModelsInput()
    {
        var error = Fails([1f, 2, 2.5f, 4, 5, 0], [1L, 1, 1, 1, 1, 0]);
        Assert.Contains("a fraction where a model takes integers", error);
        Assert.Contains("sample 0, input 'ids', position 2", error);
        Assert.Contains("input 'ids' of m.onnx is INT64", error);
        Assert.Contains("feed this input from another one", error);
        Assert.Contains("student.architecture mlp for tables", Fails([1f, 2, 2.5f, 4, 5, 0], [1L, 1, 1, 1, 1, 0], key: "student.vocabulary"));
    }

    [Fact]
    public void NumberOutsideTheType_NamesItsRange()
    {
        var file = Write("x.npy", "<i8", "(2, 2)", [1L, 255, 256, 0]);
        using var set = TransferSet.Open(new() { Samples = file });
        var use = new SampleUse("m.onnx", () => Model(ElementType.UInt8, "x"), InputFeeds.None, Preprocessing.None);
        var error = Assert.Throws<InputException>(() => SampleChecks.Of(set, [use]).Require(default)).Message;
        Assert.Contains("x.npy, sample 1, value 0", error);
        Assert.Contains("0 to 255: input 'x' of m.onnx is UINT8", error);
        // What is scaled first is another number then.
        SampleChecks.Of(set, [use with { Preprocessing = new() { Scale = 0.5 } }]).Require(default);
    }

    /// <summary>A row of float32 cannot tell 2^24 from 2^24 + 1, so that a model that takes whole numbers might look another id up.</summary>
    [Fact]
    public void WholeNumberBeyondFloat32_IsNotGivenToAnInputOfIntegers()
    {
        var file = Path.Combine(folder.Path, "t.csv");
        File.WriteAllText(file, "id\n16777215\n16777217\n");
        using var set = TransferSet.Open(new() { Samples = file });
        var use = new SampleUse("m.onnx", () => Model(ElementType.Int32, "x"), InputFeeds.None, Preprocessing.None);

        var error = Assert.Throws<InputException>(() => SampleChecks.Of(set, [use]).Require(default)).Message;

        Assert.Contains("t.csv, sample 1, value 0", error);
        Assert.Contains("below 16777216 (2^24): input 'x' of m.onnx is INT32", error);
        SampleChecks.Of(set, [use with { Load = () => Model(ElementType.Float32, "x") }]).Require(default);
    }

    [Fact]
    public void MaskOfAnotherLength_NamesBoth()
    {
        var error = Assert.Throws<InputException>(() => Open([1L, 2, 3, 4, 5, 0], [1L, 1, 1, 1], 2)).Message;
        Assert.Contains("not as long as what it masks", error);
        Assert.Contains("input 'mask'", error);
        Assert.Contains("found:    2 positions", error);
        Assert.Contains("3, one for each token of 'ids'", error);
        using var set = Open([1L, 2, 3, 4, 5, 0], [1L, 1, 1, 1], 2, role: TransferSetOptions.NoMask);
        Assert.Null(set.SampleShape.Mask);
    }

    [Fact]
    public void ColumnThatIsCalledMask_IsNone()
    {
        var file = Path.Combine(folder.Path, "t.csv");
        File.WriteAllText(file, "age,mask\n30,2.5\n40,0.5\n");
        using var set = TransferSet.Open(new() { Samples = file, Inputs = new([new("age"), new("mask")]) });
        Assert.Null(set.SampleShape.Mask);
    }

    [Fact]
    public void InputOfAnotherCount_NamesTheInputs()
    {
        var (ids, kinds) = (Write("i.npy", "<i8", "(2, 3)", new long[6]), Write("k.npy", "<i8", "(3, 3)", new long[9]));
        var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = ids, Inputs = new([new("ids", ids), new("kinds", kinds)]) })).Message;
        Assert.Contains("input 'ids' (", error);
        Assert.Contains("input 'kinds' (", error);
        Assert.Contains("2 and 3 samples", error);
    }

    [Fact]
    public void WholeNumberTooLarge_IsPrintedWhole()
    {
        var file = Write("i.npy", "<i8", "(2, 3)", [1L, 2, 3, 4, 16_777_217, 6]);
        using var set = TransferSet.Open(new() { Samples = file, Inputs = new([new("ids", file)]) });
        var error = Assert.Throws<InputException>(() => TestSets.Read(set, 0, 1)).Message;
        Assert.Contains("sample 1, input 'ids', position 1", error);
        Assert.Contains("found:    16777217\n", error);
        Assert.Contains("below 16777216 (2^24)", error);
    }

    /// <summary>A model of 64-bit floats would be given other times than the user has; whole years, or hours of which float32 holds the fractions, are the same to it.</summary>
    [Theory]
    [InlineData(1.7e9, 1.25, ElementType.Float64, true)]
    [InlineData(1.7e9, 1.25, ElementType.Float32, false)]
    [InlineData(1900, 1, ElementType.Float64, false)]
    [InlineData(10, 0.1, ElementType.Float64, false)]
    public void DoublesThatFloat32DoesNotTellApart_AreRefused(double first, double step, ElementType type, bool isRefused)
    {
        double[] values = [.. Enumerable.Range(0, 100).SelectMany(i => new[] { i * 0.1, first + i * 97 % 100 * step })];
        var file = Write("x.npy", "<f8", "(100, 2)", values);
        var table = Path.Combine(folder.Path, "t.csv");
        File.WriteAllText(table, string.Join("\n", values.Chunk(2).Select(row => FormattableString.Invariant($"{row[0]:R},{row[1]:R}")).Prepend("a,time")) + "\n");
        var named = Write("b.npy", "<f8", "(100,)", [.. values.Where((_, i) => i % 2 == 1)]);
        foreach (var (options, column) in new (TransferSetOptions, string)[]
        {
            (new() { Samples = file }, "column '1'"), (new() { Samples = table }, "column 'time'"), (new() { Samples = named, Inputs = new([new("time", named)]) }, "column '0'"),
        })
        {
            using var set = TransferSet.Open(options);
            var checks = SampleChecks.Of(set, [new("m.onnx", () => Model(type, options.Inputs.AreNone ? "x" : "time"), InputFeeds.None, Preprocessing.None)]);
            if (!isRefused)
                checks.Require(default);
            else if (Assert.Throws<InputException>(() => checks.Require(default)).Message is var error)
            {
                Assert.Contains(column, error);
                Assert.Contains("is read as 1700000", error);
                Assert.Contains("subtract an offset", error);
            }
        }
    }

    private string Fails<TIds, TMask>(TIds[] ids, TMask[] mask, string? key = null)
        where TIds : unmanaged
        where TMask : unmanaged => Assert.Throws<InputException>(() => Require(ids, mask, key)).Message;

    private void Require<TIds, TMask>(TIds[] ids, TMask[] mask, string? key = null)
        where TIds : unmanaged
        where TMask : unmanaged
    {
        using var set = Open(ids, mask, 3);
        SampleChecks.Of(set, [new("m.onnx", () => Model(ElementType.Int64, "ids", "mask"), InputFeeds.None, Preprocessing.None) { VocabularyKey = key }]).Require(default);
    }

    private TransferSet Open<TIds, TMask>(TIds[] ids, TMask[] mask, int maskLength, string? role = null)
        where TIds : unmanaged
        where TMask : unmanaged
    {
        var (first, second) = (Write("ids.npy", Type<TIds>(), "(2, 3)", ids), Write("mask.npy", Type<TMask>(), $"(2, {maskLength})", mask));
        return TransferSet.Open(new() { Samples = first, Inputs = new([new("ids", first), new("mask", second)]), Mask = role });
    }

    private static OnnxModel Model(ElementType type, params string[] inputs)
    {
        var graph = new GraphProto
        {
            Name = "m",
            Input = { inputs.Select(input => ValueInfo.Create(input, type, "N", "T")) },
            Output = { ValueInfo.Create("rows", ElementType.Float32, "N", "T", 2) },
            Initializer = { TensorData.Create("table", new float[14], 7, 2) },
            Node =
            {
                type == ElementType.Int64
                    ? new NodeProto { Name = "gather", OpType = "Gather", Input = { "table", inputs[0] }, Output = { "rows" } }
                    : new NodeProto { Name = "same", OpType = "Identity", Input = { inputs[0] }, Output = { "rows" } },
            },
        };
        return OnnxModel.FromProto(new() { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } }, Graph = graph });
    }

    private static string Type<T>() => typeof(T) == typeof(float) ? "<f4" : "<i8";

    private string Write<T>(string name, string type, string shape, T[] values)
        where T : unmanaged
    {
        var path = Path.Combine(folder.Path, name);
        File.WriteAllBytes(path, TestSets.Npy(type, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
        return path;
    }
}
