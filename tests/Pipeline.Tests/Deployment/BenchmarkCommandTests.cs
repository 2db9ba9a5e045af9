using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Deployment;

public sealed class BenchmarkCommandTests : IDisposable
{
    private static readonly string[] Brief = ["--warm-up", "1", "--repeats", "5", "--device", "cpu"];

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Benchmark_ThreadsAndBatches_MeasuresEachCombination()
    {
        var model = LinearModel.Write(folder["model.onnx"]);

        var result = Cli.Done(["benchmark", model, "--threads", "1,2", "--batch-sizes", "1,3", "--json", .. Brief]);

        var found = JsonDocument.Parse(result.Output).RootElement.GetProperty("measurements").EnumerateArray().Select(entry => entry.GetProperty("result")).ToArray();
        Assert.Equal([(1, 1), (1, 3), (2, 1), (2, 3)], found.Select(one => (one.GetProperty("threads").GetInt32(), one.GetProperty("batch_size").GetInt32())));
        Assert.All(found, one =>
        {
            var latency = one.GetProperty("latency");
            var (p50, p95, p99) = (latency.GetProperty("ms_p50").GetDouble(), latency.GetProperty("ms_p95").GetDouble(), latency.GetProperty("ms_p99").GetDouble());
            Assert.Equal(5, latency.GetProperty("runs").GetInt32());
            Assert.True(0 < p50 && p50 <= p95 && p95 <= p99, $"{p50}, {p95}, {p99}");
            Assert.Equal(
                one.GetProperty("batch_size").GetInt32() * 1000 / latency.GetProperty("ms_mean").GetDouble(), one.GetProperty("samples_per_second").GetDouble(), 6);
            Assert.True(one.GetProperty("peak_memory_bytes").GetInt64() > 0);
        });
    }

    [Fact]
    public void Benchmark_SeveralInputs_TakesShapesAndSamples()
    {
        var model = TwoInputModel.Write(folder["two.onnx"]);
        Npy.Write(folder["tokens.npy"], [0L, 5, 3, 1, 2, 4], 2, 3);

        var made = Cli.Done(["benchmark", model, "--axis", "length=7", .. Brief]);
        var read = Cli.Done(["benchmark", model, "--samples", $"tokens={folder["tokens.npy"]}", "--batch-sizes", "2", .. Brief]);

        Assert.All([made, read], result => Assert.Contains("two.onnx", result.Output));
    }

    [Fact]
    public void Benchmark_OpenAxis_SaysHowToGiveIt()
    {
        var error = Cli.Fails(2, "benchmark", TwoInputModel.Write(folder["two.onnx"]));

        Assert.Contains("--axis length=LENGTH", error);
    }

    [Fact]
    public void Benchmark_UnknownAxis_NamesTheNearest()
    {
        var error = Cli.Fails(2, "benchmark", TwoInputModel.Write(folder["two.onnx"]), "--axis", "lenght=3");

        Assert.Contains("did you mean 'length'?", error);
    }

    [Fact]
    public void Benchmark_SamplesOfSeveralInputs_AsksForNames()
    {
        Npy.Write(folder["tokens.npy"], [0L, 5], 1, 2);

        var error = Cli.Fails(2, "benchmark", TwoInputModel.Write(folder["two.onnx"]), "--samples", folder["tokens.npy"]);

        Assert.Contains("--samples INPUT=FILE", error);
    }

    [Fact]
    public void Benchmark_FixedBatch_TakesItAndRefusesOthers()
    {
        var model = LinearModel.Write(folder["model.onnx"], edit: proto => proto.Graph.Input[0].Type.TensorType.Shape.Dim[0] = new() { DimValue = 4 });

        var error = Cli.Fails(2, "benchmark", model, "--batch-sizes", "1");
        var result = Cli.Done(["benchmark", model, "--json", .. Brief]);

        Assert.Contains("one batch size only", error);
        Assert.Contains("\"batch_size\": 4", result.Output);
    }

    [Theory]
    [InlineData("--threads", "1,x")]
    [InlineData("--batch-sizes", "0")]
    [InlineData("--repeats", "0")]
    [InlineData("--seconds", "0")]
    [InlineData("--axis", "length")]
    public void Benchmark_WrongNumber_NamesTheOption(string option, string value)
    {
        var error = Cli.Fails(2, "benchmark", LinearModel.Write(folder["model.onnx"]), option, value);

        Assert.Contains(option, error);
    }

    [Fact]
    public void Benchmark_MissingModel_SaysSo() => Assert.Contains("missing.onnx", Cli.Fails(2, "benchmark", folder["missing.onnx"]));

    [Fact]
    public void Benchmark_Cancelled_EndsItsProcessAtOnce()
    {
        var model = LinearModel.Write(folder["model.onnx"]);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        var result = Cli.Run(stop.Token, "benchmark", model, "--repeats", "2000000000", "--seconds", "900000", "--device", "cpu");

        Assert.Equal(130, result.ExitCode);
        Assert.Empty(result.Output);
    }

    public void Dispose() => folder.Dispose();
}
