using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Cpu;

/// <summary>
/// The one place that chooses between plain TorchSharp and what is made for the CPU beside it. Each of these takes at least a twentieth off a
/// training step of some network, or two fifths off a loss of many classes (docs/performance.md); the environment variable
/// <c>ONNXKD_PLAIN=1</c> turns all of them off.
/// </summary>
internal static class CpuPaths
{
    /// <summary>The environment variable.</summary>
    public const string Switch = "ONNXKD_PLAIN";

    /// <summary>Whether they are used; benchmarks and tests compare both.</summary>
    public static bool AreOn { get; set; } = Environment.GetEnvironmentVariable(Switch) != "1";

    /// <summary>The input of a convolution, in the layout that convolutions are fastest in.</summary>
    /// <param name="input">[N, channels, ...].</param>
    public static Tensor ForConvolution(Tensor input) => AreOn ? ChannelsLast.Of(input) : input;

    /// <summary>The sum over positions of KL(softmax(v/T) ‖ softmax(z/T)), in one pass; <c>null</c>: use the plain form.</summary>
    /// <param name="student">z, positions × classes.</param>
    /// <param name="teacher">v, positions × classes.</param>
    /// <param name="temperature">T.</param>
    public static Tensor? Divergence(Tensor student, Tensor teacher, double temperature) =>
        AreOn && SoftenedDivergence.Suits(student, teacher) ? SoftenedDivergence.Of(student, teacher, temperature) : null;
}
