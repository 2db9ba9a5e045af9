using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Sessions;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

/// <summary>A model above the size of a message runs as ONNX Runtime runs the file itself, behind links too.</summary>
public sealed class RunnableModelTests : IDisposable
{
    private static readonly float[] Sample = [1, -2, 3, 0.5f];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("w.bin")]
    [InlineData("data/w.bin")]
    [InlineData("link.bin")]
    public void Open_WeightsInAFileBeside_GivesWhatOnnxRuntimeGivesForTheFile(string location)
    {
        var model = new GraphBuilder().Input("x", DataType.Float, "N", 4).Floats("w", [.. Enumerable.Range(0, 400).Select(i => MathF.Sin(i))], 4, 100)
            .Node("MatMul", "x w", "y").Node("Relu", "y", "z").Output("z").Build().Proto;
        var weights = model.Graph.Initializer.Single(tensor => tensor.Name == "w");
        Directory.CreateDirectory(folder["data"]);
        File.WriteAllBytes(folder["data/w.bin"], [7, 7, 7, 7, .. weights.RawData]);
        File.WriteAllBytes(folder["w.bin"], [7, 7, 7, 7, .. weights.RawData]);
        File.CreateSymbolicLink(folder["link.bin"], folder["data/w.bin"]);
        File.WriteAllBytes(folder["whole.onnx"], model.ToByteArray());
        weights.RawData = ByteString.Empty;
        weights.DataLocation = TensorProto.Types.DataLocation.External;
        weights.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        weights.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = "4" });
        File.WriteAllBytes(folder["m.onnx"], model.ToByteArray());

        var runnable = RunnableModel.Of(OnnxModel.Load(folder["m.onnx"]).Proto, "m.onnx", most: 400);

        Assert.NotNull(runnable.Root);
        foreach (var brief in (bool[])[false, true])
        {
            using var ours = SessionFactory.Open(runnable, ExecutionDevice.Resolve("cpu"), threads: 1, "m.onnx", brief);
            using var whole = new InferenceSession(folder["whole.onnx"]);
            Assert.All(Run(whole).Zip(Run(ours)), pair => Assert.Equal(pair.First, pair.Second, 1e-5f)); // whose kernels may differ
        }
    }

    private static float[] Run(InferenceSession session)
    {
        using var options = new RunOptions();
        using var sample = OrtValue.CreateTensorValueFromMemory(Sample, [1, 4]);
        using var results = session.Run(options, ["x"], [sample], ["z"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
