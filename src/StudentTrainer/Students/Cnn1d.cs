using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A convolutional network along time, in the manner of M5 (Dai et al. 2017, "Very deep convolutional neural networks for raw waveforms"): a long kernel with a step over the signal as it
/// is, then short ones, each (convolution → BatchNormalization → Relu → the largest of each `pool` places); the classifier reads the mean of each channel.
/// </summary>
public sealed record Cnn1d : Architecture
{
    private const int MostPlaces = 512; // of the first layer, whose every place costs a long kernel
    private const int KernelOfStep = 5; // 10 ms of sound of 8 kHz at a step of 16, as M5 has
    private const int ShortestKernel = 9;

    /// <summary>Channels of each convolution.</summary>
    [Setting("channels of each convolution", AtLeast = 1, AtMost = Most)]
    public IReadOnlyList<int> Widths { get; init; } = [32, 32, 64, 128];

    /// <summary>Step of the first convolution; <c>null</c>: by the length.</summary>
    [Setting("step of the first convolution; by default the least power of 2 that leaves at most 512 places", AtLeast = 1, AtMost = Most)]
    public int? Stride { get; init; }

    /// <summary>Values that the first convolution sees; <c>null</c>: by its step.</summary>
    [Setting("values that the first convolution sees; by default 5 times its step, at least 9", AtLeast = 1, AtMost = Most)]
    public int? Kernel { get; init; }

    /// <summary>Places of which the largest is kept behind each convolution.</summary>
    [Setting("places of which the largest is kept behind each convolution", AtLeast = 1, AtMost = Most)]
    public int Pool { get; init; } = 4;

    /// <summary>Before the classifier.</summary>
    [Setting("before the classifier", AtLeast = 0, Below = 1)]
    public double Dropout { get; init; }

    /// <inheritdoc/>
    internal override string Meaning => "convolutions along time";

    /// <inheritdoc/>
    internal override string Samples => "signals [length], [channels, length] or [length, channels]";

    /// <inheritdoc/>
    internal override bool IsConvolutional => true;

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        if (SignalLayout.Of(student.SampleShape) is not { } signal)
            throw student.WrongSamples("needs signals", "[length], [channels, length] or [length, channels]");
        var graph = student.Start();
        var x = graph.Input(ElementType.Float32, [.. student.SampleShape.Select(size => (Dim)size)]);
        x = student.SampleShape.Count == 1 ? graph.Unsqueeze("channel", x, 1) : signal.IsChannelsLast ? graph.Transpose("channels-first", x, 0, 2, 1) : x;
        var stride = Stride ?? StepOf(signal.Length);
        for (var i = 0; i < Widths.Count; i++)
        {
            var name = $"conv{i + 1}";
            x = graph.NormalizedConvolution(name, x, Widths[i], i > 0 ? 3 : Kernel ?? Math.Max(KernelOfStep * stride, ShortestKernel), i > 0 ? 1 : stride);
            x = graph.Relu($"{name}.relu", x);
            if (Math.Min(Pool, x.Size(2)) is > 1 and var pool)
                x = graph.MaxPool($"{name}.pool", x, (int)pool);
        }

        x = graph.Dropout("dropout", graph.Flatten("flatten", graph.GlobalAveragePool("pool", x)), Dropout);
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }

    private static int StepOf(int length)
    {
        var step = 1;
        while ((length + step - 1) / step > MostPlaces)
            step *= 2;
        return step;
    }
}
