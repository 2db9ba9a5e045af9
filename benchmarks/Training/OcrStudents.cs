using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Graph.Import;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// The networks of PP-OCR as students: their output against ONNX Runtime's, and self-distillation from fresh weights (the file teaches its own
/// architecture) at several temperatures, exported and run in ONNX Runtime. Needs the set pp-ocr.
/// </summary>
internal static class OcrStudents
{
    private const int Images = 32;

    private static readonly int[] Temperatures = [1, 2, 4];

    /// <summary>Options: <c>--steps</c>, <c>--batch-size</c>, <c>--width</c> (of the images, in pixels), <c>--threads</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var steps = arguments.Number("steps", 100);
        var batchSize = arguments.Number("batch-size", 8);
        var width = arguments.Number("width", 96);
        set_num_threads(arguments.Number("threads", 2));
        arguments.RefuseTheRest();

        var figures = new Dictionary<string, object> { ["steps"] = steps, ["batch_size"] = batchSize, ["width"] = width };
        foreach (var (name, model) in new[] { ("classifier", OcrModels.Classifier()), ("recogniser", OcrModels.Recogniser()) })
        {
            using var scope = NewDisposeScope();
            var images = tensor(OcrModels.Images(1, Images, width), OcrModels.Shape(Images, width));
            var logits = Distillation.Logits(model, images);
            figures[$"{name}_parameters"] = model.ParameterCount;
            foreach (var count in new[] { 1, 3 })
            {
                using var asItIs = new Distillation(model, StudentImport.Default, images, logits);
                figures[$"{name}_relative_error_batch_{count}"] = RelativeError(model, asItIs, images.narrow(0, 0, count));
            }
            foreach (var temperature in Temperatures)
                Train(name, model, images, logits, temperature, steps, batchSize, figures);
        }
        return figures;
    }

    private static void Train(
        string name, OnnxModel model, Tensor images, Tensor logits, int temperature, int steps, int batchSize,
        Dictionary<string, object> figures)
    {
        var import = new StudentImport { Initialisation = Initialisation.Fresh, Seed = 2 };
        using var student = new Distillation(model, import, images, logits, temperature, learningRate: 5e-3);
        var key = $"{name}_temperature_{temperature}";
        figures[$"{key}_without_gradient"] = student.WithoutGradient(batchSize).Length;
        var losses = student.Train(steps, batchSize);
        var after = student.Measure();
        figures[$"{key}_soft_loss_first"] = losses[0];
        figures[$"{key}_soft_loss_last"] = losses.TakeLast(5).Average();
        figures[$"{key}_soft_loss_evaluated"] = after;
        figures[$"{key}_soft_loss_left"] = after / losses[0];
        figures[$"{key}_export_relative_error"] = RelativeError(student.Export(), student, images.narrow(0, 0, 3));
    }

    /// <summary>The largest difference between the trainer's output and ONNX Runtime's, over the largest value.</summary>
    private static double RelativeError(OnnxModel model, Distillation student, Tensor batch)
    {
        using var session = new InferenceSession(model.ToBytes());
        var input = new DenseTensor<float>(batch.data<float>().ToArray(), Array.ConvertAll(batch.shape, size => (int)size));
        using var results = session.Run([NamedOnnxValue.CreateFromTensor(session.InputNames[0], input)]);
        var expected = results[0].AsTensor<float>().ToArray();
        return expected.Zip(student.Output(batch), (a, b) => Math.Abs(a - b)).Max() / expected.Max(Math.Abs);
    }
}
