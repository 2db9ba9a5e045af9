using OnnxKd.Core.Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Preparation.Audio;

/// <summary>The graph from the bytes of a WAV file to a wave of one length, or to the logarithm of its mel spectrogram.</summary>
internal static class AudioGraph
{
    private const float LeastPower = 1e-10f;

    /// <summary>Writes the graph.</summary>
    public static OnnxModel Build(AudioOptions options)
    {
        var graph = new GraphWriter();
        var wave = graph.Node(
            "AudioDecoder", [graph.Input("file", DataType.Uint8)], 1, ExtensionsLibrary.ContribDomain,
            GraphWriter.Int("downsampling_rate", options.Rate), GraphWriter.Int("stereo_to_mono", 1))[0];
        var (sample, length) = Padding.ToLength(
            graph, graph.Node("Reshape", [wave, graph.Longs(-1)]), options.Samples, graph.Floats([0f]));
        if (options.Mels is { } bands)
            (sample, length) = (LogMel(graph, sample, options, bands), FramesOf(graph, length, options));
        graph.Output(PreparationSession.SampleOutput, sample, DataType.Float, options.SampleShape);
        graph.Output(PreparationSession.LengthOutput, length, DataType.Int64, [1]);
        return graph.Build();
    }

    private static string LogMel(GraphWriter graph, string wave, AudioOptions options, int bands)
    {
        var window = options.WindowSamples;
        var bins = window / 2 + 1;
        var signal = graph.Node("Reshape", [wave, graph.Longs(1, options.Samples, 1)]);
        float[] hann = [.. Enumerable.Range(0, window).Select(i => (float)(0.5 - 0.5 * Math.Cos(2 * Math.PI * i / window)))];
        var spectrum = graph.Node(
            "STFT", [signal, graph.Long(options.HopSamples), graph.Floats(hann, window), graph.Long(window)],
            GraphWriter.Int("onesided", 1));
        var power = graph.Node("ReduceSumSquare", [spectrum, graph.Longs(3)], GraphWriter.Int("keepdims", 0)); // [1, frames, bins]
        var weights = graph.Floats(MelBands.Weights(bands, bins, options.Rate, window), bins, bands);
        var mel = graph.Node("MatMul", [power, weights]);
        mel = graph.Node("Log", [graph.Node("Max", [mel, graph.Floats([LeastPower])])]);
        return graph.Node("Transpose", [graph.Node("Squeeze", [mel, graph.Longs(0)])], GraphWriter.Ints("perm", 1, 0));
    }

    /// <summary>Frames that begin within the content.</summary>
    private static string FramesOf(GraphWriter graph, string length, AudioOptions options)
    {
        var up = graph.Node("Add", [length, graph.Longs(options.HopSamples - 1)]);
        return graph.Node("Min", [graph.Node("Div", [up, graph.Longs(options.HopSamples)]), graph.Longs(options.Frames)]);
    }
}
