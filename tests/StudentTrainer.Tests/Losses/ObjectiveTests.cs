using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Losses.Targets;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Losses;

public class ObjectiveTests
{
    private static readonly WeightSchedule Ramp = new([(1, 0), (3, 1), (4, 0.5)]);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(1.5, 0.25)]
    [InlineData(3, 1)]
    [InlineData(3.5, 0.75)]
    [InlineData(4, 0.5)]
    [InlineData(100, 0.5)]
    public void WeightSchedule_BetweenPoints_IsLinear(double epoch, double expected) => Assert.Equal(expected, Ramp.At(epoch), 12);

    [Fact]
    public void Compute_OfTwoTerms_SumsThemByWeight()
    {
        using var scope = torch.NewDisposeScope();
        var objective = new Objective(
            [new() { Name = "hard", Weight = Ramp }, new() { Name = "soft", Weight = WeightSchedule.Constant(3), Temperature = 2 }]);
        var logits = torch.tensor(new[] { 0.5f, -1, 2, 0 }, [2, 2]);
        var teacher = torch.tensor(new[] { 1f, 0, 0, 1 }, [2, 2]);
        var (loss, parts) = objective.Compute(new(logits, Teachers(("logits", teacher)), new(torch.tensor(new[] { 0L, 1 }))), epoch: 2);
        var values = parts.data<float>().ToArray();
        Assert.Equal(0.5 * values[1] + 3 * values[2], loss.item<float>(), 5);
        Assert.Equal(loss.item<float>(), values[0]);
        Assert.Equal(["hard", "soft"], objective.Names);
        Assert.Equal(TermNeeds.Labels | TermNeeds.Teacher, objective.Needs);
    }

    [Fact]
    public void Compute_OfTermsWithStreams_GivesEachItsOwn()
    {
        using var scope = torch.NewDisposeScope();
        var objective = new Objective([new() { Name = "soft", Stream = "a" }, new() { Name = "soft", Stream = "b", Temperature = 2 }]);
        var logits = torch.tensor(new[] { 0.5f, -1 }, [1, 2]);
        var (a, b) = (torch.tensor(new[] { 1f, 0 }, [1, 2]), torch.tensor(new[] { 0f, 3 }, [1, 2]));
        var parts = objective.Compute(new(logits, Teachers(("b", b), ("a", a)), null), epoch: 0).Parts.data<float>().ToArray();
        Assert.Equal(new SoftTargetTerm(1).Compute(new(logits, new DenseTargets(a), null)).item<float>(), parts[1]);
        Assert.Equal(new SoftTargetTerm(2).Compute(new(logits, new DenseTargets(b), null)).item<float>(), parts[2]);
        Assert.Equal(["soft:a", "soft:b"], objective.Names);
    }

    public static TheoryData<TermOptions[], string> Wrong => new()
    {
        { [], "no term" },
        { [new() { Name = "sotf" }], "did you mean 'soft'" },
        { [new() { Name = "hard" }, new() { Name = "hard" }], "twice" },
        { [new() { Name = "soft", Temperature = 0 }], "above 0" },
        { [new() { Name = "soft", Temperature = double.NaN }], "above 0" },
        { [new() { Name = "hard", Temperature = 4 }], "no temperature" },
        { [new() { Name = "hard", Stream = "logits" }], "learns from no teacher" },
        { [new() { Name = "soft", Stream = "a" }, new() { Name = "soft", Stream = "a" }], "twice" },
        { [new() { Name = "hard", Weight = WeightSchedule.Constant(-1) }], "0 or more" },
        { [new() { Name = "hard", Weight = new([(1, 1), (1, 2)]) }], "rising order" },
        { [new() { Name = "hard", Weight = new([]) }], "rising order" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Objective_OfWrongOptions_SaysWhatIsWrong(TermOptions[] options, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => new Objective(options)).Message);

    private static Dictionary<string, TeacherTargets> Teachers(params (string Stream, torch.Tensor Logits)[] streams) =>
        streams.ToDictionary(stream => stream.Stream, stream => (TeacherTargets)new DenseTargets(stream.Logits));
}
