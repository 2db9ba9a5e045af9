using OnnxKd.Benchmarks.Training;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>A student trained from stored logits as a TorchSharp user writes it: images held as bytes, modules, functional losses, optim.SGD.</summary>
internal static class TorchSharpLoop
{
    private const int ImagesHeader = 16;
    private const int LabelsHeader = 8;

    /// <summary>Trains from fresh weights.</summary>
    /// <param name="name">One of <see cref="TorchSharpNetworks"/>.</param>
    /// <param name="images">An IDX file of 28 × 28 images.</param>
    /// <param name="labels">An IDX file of labels.</param>
    /// <param name="logits">The teacher's logits, rows × 10 floats.</param>
    /// <param name="epochs">Passes.</param>
    /// <param name="batchSize">Rows of a step.</param>
    public static void Train(string name, string images, string labels, string logits, int epochs, int batchSize)
    {
        using var scope = NewDisposeScope();
        var pixels = tensor(File.ReadAllBytes(images)[ImagesHeader..]).reshape(-1, 28, 28);
        var known = tensor(File.ReadAllBytes(labels)[LabelsHeader..]);
        var floats = new float[pixels.shape[0] * 10];
        Buffer.BlockCopy(File.ReadAllBytes(logits), 0, floats, 0, floats.Length * sizeof(float));
        var taught = tensor(floats).reshape(-1, 10);
        var network = TorchSharpNetworks.Create(name, 10);
        network.train();
        var optimizer = optim.SGD(network.parameters(), 0.01, momentum: 0.9, weight_decay: 5e-4, nesterov: true);
        for (var epoch = 0; epoch < epochs; epoch++)
            foreach (var rows in randperm(pixels.shape[0]).split(batchSize))
            {
                using var step = NewDisposeScope();
                optimizer.zero_grad();
                var student = network.call(pixels[rows].to(float32) / 255);
                var loss = TorchSharpStep.Objective(student, taught[rows], known[rows].to(int64));
                loss.backward();
                optimizer.step();
            }
    }
}
