using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// Which of two samples is nearer to a third, as most of several teachers see it: mean of max(0, |x − y|² − |x − z|² + δ) over all triples of a
/// batch in which more teachers put y nearer to x than z. Features become vectors of length 1, so that δ means the same in any layer, and those
/// of teachers and student may differ in size. You et al., "Learning from multiple teacher networks", KDD 2017, relative dissimilarity.
/// </summary>
public sealed record TripletTerm : Term
{
    /// <summary>The student's features.</summary>
    [Setting("the student's features: a tensor of its graph (`onnxkd inspect` lists them)", IsRequired = true)]
    public string Student { get; init; } = "";

    /// <summary>The features that vote, one of each teacher.</summary>
    [Setting("the features that vote, one of each teacher: streams of the cache, or `LEARNER/TENSOR`", IsRequired = true)]
    public IReadOnlyList<string> Teachers { get; init; } = [];

    /// <summary>δ; default 0.1.</summary>
    [Setting("how much nearer the nearer sample has to be", AtLeast = 0)]
    public double Margin { get; init; } = 0.1;

    internal override IReadOnlyList<SignalUse> Reads =>
        [SignalUse.OwnFeatures(Student), .. Teachers.Select((teacher, i) => SignalUse.TargetFeatures(teacher) with { Key = Key(i) })];

    internal override int LeastSamples => 3;

    internal override Tensor Compute(TermSignals signals) =>
        Compare(
            signals.WithoutPadding(signals.Student),
            [.. Teachers.Select((_, i) => signals.WithoutPadding(((TargetTensor)signals.Target(Key(i))).Values.to(signals.Student.dtype)))]);

    /// <summary>The value of the term.</summary>
    /// <param name="student">[N, ...].</param>
    /// <param name="teachers">[N, ...] each, without gradient.</param>
    internal Tensor Compare(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        var votes = teachers.Select(teacher => Farther(Distances(teacher)).sign()).Aggregate((sum, vote) => sum.Add(vote));
        // That a sample is nearest to itself is nothing to learn.
        var others = eye(student.shape[0], dtype: student.dtype, device: student.device).neg().Add(1).unsqueeze(2);
        var counted = votes.Gt(0).to(student.dtype).mul(others);
        var losses = Farther(Distances(student)).neg().Add(Margin).ClampMin(0);
        return losses.mul(counted).sum().div(counted.sum().ClampMin(1));
    }

    private static string Key(int teacher) => $"teachers[{teacher}]";

    /// <summary>N × N × N: by how much the third sample lies farther from the first than the second does.</summary>
    private static Tensor Farther(Tensor distances) => distances.unsqueeze(1).sub(distances.unsqueeze(2));

    /// <summary>N × N squared distances of vectors of length 1.</summary>
    private static Tensor Distances(Tensor features)
    {
        var directions = nn.functional.normalize(features.flatten(1), p: 2, dim: 1);
        return directions.mm(directions.t()).Mul(-2).Add(2);
    }
}
