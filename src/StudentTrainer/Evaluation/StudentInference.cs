using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Evaluation;

/// <summary>Runs a student in the trainer's own executor (libtorch), in evaluation mode: the other side of the parity check.</summary>
public static class StudentInference
{
    /// <summary>
    /// Runs a whole set, each batch once for all outputs, and hands it out: first row, then of each output rows × positions × classes logits, valid during the call.
    /// </summary>
    /// <param name="student">The model.</param>
    /// <param name="import">The outputs that hold logits or end in a softmax, and their class axes.</param>
    /// <param name="reader">The samples, without augmentation.</param>
    /// <param name="batchSize">Rows per batch, 1 or more; the last batch may be smaller.</param>
    /// <param name="device"><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="onBatch">Takes the logits.</param>
    /// <param name="token">Stops the run.</param>
    /// <exception cref="UnsupportedModelException">The student uses something that the executor does not support.</exception>
    /// <exception cref="InputException">The samples do not fit the student, or the device is not there.</exception>
    public static void RunAll(
        OnnxModel student, StudentImport import, SampleReader reader, int batchSize, string device,
        Action<long, IReadOnlyList<ReadOnlyMemory<float>>> onBatch, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(import);
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(onBatch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        var graph = StudentGraph.Import(student, new() { Output = import.Output, ClassAxis = import.ClassAxis, Kind = import.Kind, Scores = import.Scores, Outputs = import.Outputs });
        graph.FreeBatch(reader.Set.SampleShape);
        var program = graph.Compile(graph.FindAllLogits());
        var computeDevice = ComputeDevice.Open(device);
        using var weights = WeightSet.Load(program.Plan, computeDevice, trainable: false);
        program = Describe(graph, program, weights, reader);
        using var evaluator = new Evaluator(program, reader, batchSize, computeDevice);
        evaluator.Run(weights, onBatch, token);
    }

    /// <summary>Where each output's classes are, and whether it gives probabilities, from what a sample or two give.</summary>
    private static StudentProgram Describe(StudentGraph graph, StudentProgram program, WeightSet weights, SampleReader reader)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var values = new float[Math.Min(2, reader.Set.Count) * reader.Set.SampleElements];
        long[] rows = [.. Enumerable.Range(0, values.Length / reader.Set.SampleElements).Select(row => (long)row)];
        reader.Read(rows, view: 0, values);
        var samples = tensor(values, [rows.Length, .. program.Input.Fit(reader.Set.SampleShape)], device: weights.Device);
        var given = program.Run(weights, samples, training: false);
        return program with
        {
            Layouts = [.. graph.Heads.Zip(given, (head, values) => head.LayoutOf(values))],
            Probabilities = [.. graph.Heads.Zip(given, (head, values) => head.ProbabilitiesOf(values))],
        };
    }
}
