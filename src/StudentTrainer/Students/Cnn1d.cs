using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A convolutional network along time, in the manner of M5 (Dai et al. 2017, "Very deep convolutional neural networks for raw waveforms"): a long kernel with a step over the signal as it
/// is, then short ones, each (convolution → BatchNormalization → Relu → the largest of each `pool` places); the classifier reads the mean of each channel. For an output of each frame it
/// is a U-Net along time (Ronneberger et al. 2015; Perslev et al. 2019, "U-Time"): each further convolution halves the places, and on the way back each level is joined with the one of its size.
/// </summary>
public sealed record Cnn1d : Architecture
{
    private const int MostPlaces = 512; // of the first layer, whose every place costs a long kernel
    private const int KernelOfStep = 5; // 10 ms of sound of 8 kHz at a step of 16, as M5 has
    private const int ShortestKernel = 9;
    private const int MostPlacesOfFrames = 512;
    private const int WidthOfSpread = 16;
    private const int KernelOfLevel = 5;
    private const int MostCutOff = 8; // one frame of so many is missing at the ends

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

    /// <summary>Outputs along time; <c>null</c>: one for the signal.</summary>
    [Setting("outputs along time, evenly spread; none: one for the signal", AtLeast = 1, AtMost = Most)]
    public int? Frames { get; init; }

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
        if (Frames is { } frames)
            return graph.Build(graph.Dense("classifier", graph.Dropout("dropout", FramesOf(student, graph, x, signal.Length, frames), Dropout), student.Classes));
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

    /// <summary>The features of each frame: [N, frames, channels]. Of many frames each place holds several, which a layer spreads: levels of that length would cost most of the time.</summary>
    private Value FramesOf(StudentRequest student, GraphBuilder graph, Value x, int length, int frames)
    {
        if (frames > length)
            throw student.Misfit(nameof(Frames), $"{frames}", $"at most {length}, the length of the samples");
        var (step, several) = (Stride ?? StepOf(length, frames), 1);
        while (Stride is null && frames / several > MostPlacesOfFrames)
            several *= 2;
        step *= several;
        x = Convolve(0, Kernel ?? Math.Max(KernelOfStep * step, ShortestKernel) | 1, step);
        var levels = new List<Value> { x };
        for (var i = 1; i < Widths.Count; i++)
            levels.Add(x = Convolve(i, KernelOfLevel, 2));
        for (var level = levels.Count - 2; level >= 0; level--)
        {
            var (name, beside) = ($"decoder{level + 1}", levels[level]);
            x = graph.Concat($"{name}.join", 1, x.Size(1) + beside.Size(1), graph.Enlarge($"{name}.enlarge", x, beside), beside);
            x = graph.Relu($"{name}.relu", graph.NormalizedConvolution(name, x, Widths[level], KernelOfLevel));
        }

        var places = x.Size(2);
        x = graph.Transpose("frames", x, 0, 2, 1);
        if (several > 1)
            x = graph.Relu("spread.relu", graph.Reshape("spread.frames", graph.Dense("spread", x, several * WidthOfSpread), 0, places * several, WidthOfSpread));
        return Fit(graph, x, frames);

        Value Convolve(int i, int kernel, int stride) =>
            graph.Relu($"conv{i + 1}.relu", graph.NormalizedConvolution($"conv{i + 1}", x, Widths[i], kernel, stride));
    }

    /// <summary>As many places as there are frames: the middle, where few are too many, as for a teacher without zeros at its ends; else the nearest place of each frame.</summary>
    private static Value Fit(GraphBuilder graph, Value x, int frames)
    {
        var places = x.Size(1);
        if (places == frames)
            return x;
        if (IsMiddle(places, frames))
            return graph.Cut("middle", x, (places - frames) / 2, frames, 1);
        var nearest = graph.Integers("nearest.places", [.. Enumerable.Range(0, frames).Select(i => (2L * i + 1) * places / (2L * frames))]);
        return graph.Node("Gather", "nearest", [x.Shape[0], frames, x.Shape[2]], [x, nearest], NodeAttribute.Int("axis", 1));
    }

    private static bool IsMiddle(int places, int frames) => places >= frames && places - frames <= Math.Max(2, frames / MostCutOff);

    /// <summary>The step that leaves as many places as there are frames, or few more; else more.</summary>
    private static int StepOf(int length, int frames)
    {
        var nearest = (int)Math.Round((double)length / frames);
        return IsMiddle((length - 1) / nearest + 1, frames) ? nearest : length / frames;
    }

    private static int StepOf(int length)
    {
        var step = 1;
        while ((length + step - 1) / step > MostPlaces)
            step *= 2;
        return step;
    }
}
