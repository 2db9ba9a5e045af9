using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Measuring;

public sealed class LatencyMapTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Measure_FreeBatch_HasEveryNumberOfThreadsAndSamples()
    {
        var points = Measure(LinearModel.Write(folder["m.onnx"])).ToArray();

        Assert.Equal([1, 8, 64], points.Where(point => point.Threads == 1).Select(point => point.Batch));
        Assert.Equal(Environment.ProcessorCount, points.Max(point => point.Threads));
        Assert.All(points, point => Assert.True(point.Role == "student" && point.Figures.Runs > 0 && point.Figures.MsP50 <= point.Figures.MsP95 && point.Figures.MsP95 <= point.Figures.MsP99));
    }

    [Fact]
    public void Measure_FixedBatch_HasThatAlone()
    {
        var file = LinearModel.Write(folder["m.onnx"], edit: model => model.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = 5);

        Assert.All(Measure(file), point => Assert.Equal(5, point.Batch));
        Assert.NotEmpty(Measure(file));
    }

    public void Dispose() => folder.Dispose();

    private List<LatencyPoint> Measure(string file)
    {
        Blobs.Write(folder.Path, "set", 6, seed: 1);
        using var set = TransferSet.Open(new() { Samples = folder["set.npy"] });
        return [.. LatencyMap.Measure("student", new() { Model = file }, SampleReader.Of(set, Preprocessing.None), "cpu", known: 0, default)];
    }
}
