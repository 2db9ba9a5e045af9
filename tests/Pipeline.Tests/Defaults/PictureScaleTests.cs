using Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Defaults;

/// <summary>Bytes that go into a teacher of 0 to 1 give answers that look like any others, so that a line says what happens to them.</summary>
public sealed class PictureScaleTests : IDisposable
{
    private const string Said = "pictures of 0 to 255 go into t.onnx as they are";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Plan_BytesForATeacherWithoutAScale_SaysHowToScaleThem()
    {
        LinearModel.Write(folder["t.onnx"]);
        Npy.Write(folder["x.npy"], Bytes(value => value), 40, 4, 4);

        Assert.Contains(Said, Plan());
        Assert.DoesNotContain(Said, Plan("--scale", "1/255"));
        Assert.DoesNotContain(Said, Plan("--scale", "1")); // who says it means it
        Assert.Contains(Said, Inspect());
        Assert.DoesNotContain(Said, Inspect("--scale", "1"));
    }

    [Fact]
    public void WholeNumbersThatFloat32Rounds_AreToldByBothCommands()
    {
        LinearModel.Write(folder["t.onnx"]);
        Npy.Write(folder["x.npy"], [.. Bytes(value => (long)value)[1..], 16777217L], 40, 4, 4);

        Assert.Contains("16777217 (sample 39) is read as 16777216", Plan());
        Assert.Contains("16777217 (sample 39) is read as 16777216", Inspect());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(0.1f, false)] // fractions
    [InlineData(-1, false)]
    public void Plan_FloatsForATeacherWithoutAScale_AreJudgedByTheirValues(float factor, bool isSaid)
    {
        LinearModel.Write(folder["t.onnx"]);
        Npy.Write(folder["x.npy"], Bytes(value => value * factor), 40, 4, 4);

        Assert.Equal(isSaid, Plan().Contains(Said, StringComparison.Ordinal));
    }

    [Fact]
    public void Plan_BytesForATeacherThatScalesThem_SaysNothing()
    {
        LinearModel.Write(folder["t.onnx"], edit: model =>
        {
            model.Graph.Initializer.Add(new TensorProto { Name = "s", DataType = 1, FloatData = { 1 / 255f } });
            model.Graph.Node.Insert(0, new NodeProto { OpType = "Mul", Input = { "x", "s" }, Output = { "scaled" } });
            model.Graph.Node[1].Input[0] = "scaled";
        });
        Npy.Write(folder["x.npy"], Bytes(value => value), 40, 4, 4);

        Assert.DoesNotContain(Said, Plan());
    }

    private string Inspect(params string[] more) => Cli.Done(["inspect", folder["t.onnx"], "--samples", folder["x.npy"], .. more]).Output;

    private string Plan(params string[] more) => Cli.Done(["plan", "--teacher", folder["t.onnx"], "--samples", folder["x.npy"], "--runs", folder["runs"], .. more]).Error;

    private static T[] Bytes<T>(Func<byte, T> convert)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, 40 * 16).Select(_ => convert((byte)random.Next(256)))];
    }
}
