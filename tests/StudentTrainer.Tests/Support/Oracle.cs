using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>ONNX Runtime's word on a model, and the executor's.</summary>
internal static class Oracle
{
    /// <summary>ONNX Runtime with one thread: models of tests are too small for more, and more wait for each other on a busy machine.</summary>
    public static InferenceSession Session(OnnxModel model)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        options.AddSessionConfigEntry("session.x64quantprecision", "1"); // the same integers on every processor
        return new(model.ToBytes(), options);
    }

    /// <summary>Runs a model in ONNX Runtime.</summary>
    public static (float[] Values, long[] Shape) OnnxRuntime(OnnxModel model, float[] input, params long[] shape)
    {
        using var session = Session(model);
        var tensor = new DenseTensor<float>(input, Array.ConvertAll(shape, size => (int)size));
        using var results = session.Run([NamedOnnxValue.CreateFromTensor(session.InputNames[0], tensor)]);
        var output = results[0].AsTensor<float>();
        return (output.ToArray(), Array.ConvertAll(output.Dimensions.ToArray(), size => (long)size));
    }

    /// <summary>Runs a model in the executor, in evaluation mode.</summary>
    public static (float[] Values, long[] Shape) Executor(OnnxModel model, float[] input, params long[] shape)
    {
        using var scope = torch.NewDisposeScope();
        using var grad = torch.no_grad();
        var program = Programs.Compile(model);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: false);
        var result = program.Run(weights, torch.tensor(input, shape), training: false)[0];
        return (result.data<float>().ToArray(), result.shape);
    }

    /// <summary>Requires the same shape and values from both.</summary>
    public static void RequireParity(OnnxModel model, float[] input, long[] shape, double tolerance = 1e-5)
    {
        var expected = OnnxRuntime(model, input, shape);
        var actual = Executor(model, input, shape);
        Assert.Equal(expected.Shape, actual.Shape);
        Near.Equal(expected.Values, actual.Values, tolerance);
    }
}
