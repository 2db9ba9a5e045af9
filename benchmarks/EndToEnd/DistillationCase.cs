using OnnxKd.Benchmarks.Support;
using OnnxKd.Benchmarks.Training;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Safetensors;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>A teacher, a student with its initial weights, and images with labels: files that both sides read.</summary>
internal sealed class DistillationCase
{
    // As many batches as the steps that are timed alone go round in.
    private const int StepBatches = 4;

    /// <summary>Writes the files.</summary>
    /// <param name="name"><c>mlp</c> or <c>resnet</c>.</param>
    /// <param name="rows">Images.</param>
    /// <param name="batchSize">Rows of a step.</param>
    /// <param name="folder">Where the files go.</param>
    public DistillationCase(string name, int rows, int batchSize, string folder)
    {
        var isMlp = name == "mlp";
        int[] sample = isMlp ? [28, 28] : [3, 32, 32];
        (Name, Rows, BatchSize) = (name, rows, batchSize);
        Student = new(isMlp ? "mlp" : "resnet20", sample, StepBatches * batchSize, folder, isMlp ? 10 : 100);

        Teacher = Path.Combine(folder, "teacher.onnx");
        var teacher = isMlp ? SyntheticTeacher.MultiLayer() : SyntheticResNet.Build32X4();
        teacher.Save(Teacher);
        TeacherWeights = Path.Combine(folder, "teacher.safetensors");
        var weights = teacher.Proto.Graph.Initializer.Select(
            (tensor, i) => SafetensorsTensor.From($"teacher/{i:D3}", tensor.ToFloats(), [.. tensor.Dims]));
        SafetensorsWriter.Write(TeacherWeights, [.. weights]);

        Images = Path.Combine(folder, "images-idx-ubyte");
        Labels = Path.Combine(folder, "labels-idx1-ubyte");
        SyntheticImages.Write(Images, rows, sample);
        SyntheticImages.WriteLabels(Labels, rows, Student.Classes);
    }

    /// <summary>Which one.</summary>
    public string Name { get; }

    /// <summary>Images.</summary>
    public int Rows { get; }

    /// <summary>Rows of a step.</summary>
    public int BatchSize { get; }

    /// <summary>The student, and data in memory for its steps.</summary>
    public TrainingCase Student { get; }

    /// <summary>The ONNX file of the teacher.</summary>
    public string Teacher { get; }

    /// <summary>Its weights for the peer, in the order of the forward pass.</summary>
    public string TeacherWeights { get; }

    /// <summary>The images' file.</summary>
    public string Images { get; }

    /// <summary>The labels' file.</summary>
    public string Labels { get; }
}
