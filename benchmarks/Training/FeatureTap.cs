using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.Benchmarks.Training;

/// <summary>An inner tensor of a network that learns from a teacher's, by the mean of squares.</summary>
/// <param name="Tensor">What the product calls it.</param>
/// <param name="Module">After which module of the TorchSharp network it stands.</param>
/// <param name="Channels">Its channels.</param>
/// <param name="Teacher">The shape of the teacher's for one sample; of other channels, it is met through a convolution of single pixels.</param>
internal sealed record FeatureTap(string Tensor, int Module, int Channels, int[] Teacher)
{
    private const double Weight = 0.5;

    /// <summary>The ends of resnet20's second and third stage; the teacher's third is wider.</summary>
    public static IReadOnlyList<FeatureTap> OfResNet20 { get; } = [new("stage2", 6, 32, [32, 16, 16]), new("stage3", 9, 64, [128, 8, 8])];

    /// <summary>Whether it needs a projection.</summary>
    public bool IsProjected => Channels != Teacher[0];

    /// <summary>The factor of mean squares: the term has ½ before them.</summary>
    public static double Factor => Weight / 2;

    /// <summary>The term of the objective.</summary>
    public Term Term => new HintTerm { Student = Tensor, Teacher = Tensor, Weight = Weight };

    /// <summary>The stream that it reads.</summary>
    public CacheStream Stream => new(Tensor, Tensor, Teacher: 0, StreamKind.Feature, Teacher, new Float32());

    /// <summary>The teacher's features, the same for both sides.</summary>
    /// <param name="rows">How many samples.</param>
    public TorchSharp.torch.Tensor Values(int rows)
    {
        var random = new Random(Module);
        return TorchSharp.torch.tensor(
            Enumerable.Range(0, rows * Teacher.Aggregate(1, (product, size) => product * size)).Select(_ => random.NextSingle()).ToArray(),
            [rows, .. Teacher.Select(size => (long)size)]);
    }
}
