using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Loop;

namespace OnnxKd.StudentTrainer.Tests.Learners;

public sealed class ObjectiveTests : IDisposable
{
    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    /// <summary>The student is zero at first, and its learning rate next to nothing: each term keeps its first value.</summary>
    [Fact]
    public void Compute_OfSeveralTerms_SumsThemByWeight()
    {
        var epoch = toy.Train(
            Toy.Linear(), toy.Data,
            [
                new HardTerm { Weight = 0.5 },
                new SoftTerm { Temperature = 2, Weight = 3 },
                new SoftTerm { Weight = 0 },
            ],
            Toy.Options with { Epochs = 1, Optimizer = new SgdOptions { LearningRate = 1e-6 } }).Epochs[0];

        Assert.Equal(["hard", "soft", "soft#2"], epoch.Terms.Keys);
        Assert.Equal(Math.Log(3), epoch.Terms["hard"], 5);
        Assert.Equal(Divergence(2), epoch.Terms["soft"], 4);
        Assert.Equal(Divergence(1), epoch.Terms["soft#2"], 4);
        Assert.Equal(0.5 * Math.Log(3) + 3 * Divergence(2), epoch.Loss, 4);
    }

    public static TheoryData<Term[], string> Wrong => new()
    {
        { [], "no term" },
        { [new SoftTerm { Weight = 0 }, new HardTerm { Weight = new([(0, 0), (5, 0)]) }], "every term has the weight 0" },
        { [new SoftTerm { Temperature = -2 }], "a number above 0" },
        { [new HardTerm { Weight = -1 }], "a number from 0 on" },
        { [new HardTerm { Weight = new([(1, 1), (1, 2)]) }], "or such at epochs" },
        { [new HardTerm { Weight = new([]) }], "or such at epochs" },
        { [new SoftTerm { Teacher = "logit" }], "did you mean 'logits'" },
        { [new SoftTerm { Student = "hiden1" }], "did you mean 'hidden1'" },
        { [new SoftTerm { Student = "hidden1" }], "another shape than the student's" },
        { [new HintTerm { Student = "hidden1", Teacher = "logits" }], "of another kind" },
        { [new HintTerm { Student = "hidden1" }], "no features or embeddings" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Bind_OfTermsThatDoNotFit_SaysWhatIsWrong(Term[] terms, string message) => Assert.Contains(
        message, Assert.Throws<InputException>(() => toy.Train(Toy.Mlp(), toy.Data, terms, Toy.Options)).Message);

    public static TheoryData<Term, int> Comparing => new()
    {
        { new RelationalTerm { Student = "hidden1.relu" }, 3 }, { new TripletTerm { Student = "hidden1.relu", Teachers = ["hidden"] }, 3 },
        { new StandardisedDistanceTerm { Student = "hidden1.relu" }, 2 }, { new SimilarityTerm { Student = "hidden1.relu", Queue = 0 }, 2 },
    };

    [Theory]
    [MemberData(nameof(Comparing))]
    public void Train_OfBatchesTooSmallForATermThatComparesSamples_SaysHowManyItNeeds(Term term, int least)
    {
        var error = Assert.Throws<InputException>(() => toy.Train(Toy.Mlp(), toy.Data, [.. Toy.Soft, term], Toy.Options with { BatchSize = least - 1 }));
        Assert.Contains("A term compares the samples of a batch with each other, and a batch has too few.", error.Message);
        Assert.Contains($"{least} or more", error.Message);
    }

    /// <summary>T² · KL(teacher ‖ uniform), mean over the samples.</summary>
    private double Divergence(double temperature) => toy.Logits.Chunk(Toy.Classes).Average(row =>
    {
        var weights = row.Select(value => Math.Exp(value / temperature)).ToArray();
        return temperature * temperature * weights.Sum(weight => weight / weights.Sum() * Math.Log(3 * weight / weights.Sum()));
    });
}
