using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Loop;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Terms;

/// <summary>Terms that a program brings along.</summary>
public sealed class OwnTermTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly Toy toy = new();

    public void Dispose()
    {
        toy.Dispose();
        scope.Dispose();
    }

    /// <summary>Differences of 1, −2, 0 and 3: (1 + 4 + 0 + 9) ÷ 4.</summary>
    [Fact]
    public void Compute_OfAFormula_IsItsValue()
    {
        var (student, teacher) = (torch.tensor(new[] { 1f, 0, 2, 5 }, [2, 2]), torch.tensor(new[] { 0f, 2, 2, 2 }, [2, 2]));

        Assert.Equal(3.5f, Squares().Compute(student, new DenseScores(teacher)).item<float>());
    }

    /// <summary>The one weight matrix of a linear student that starts with zeros: after a step of plain SGD it is −rate · gradient, which is worked out here.</summary>
    [Fact]
    public void Train_WithAFormula_StepsDownItsGradient()
    {
        const double Rate = 0.05;
        var options = Toy.Options with { Epochs = 1, BatchSize = Toy.Samples, Optimizer = new SgdOptions { LearningRate = Rate, Momentum = 0, Nesterov = false } };
        var trained = Trainer.Train([new(Toy.Linear(), Squares())], toy.Data, options, toy.Folder("t")).Students[0];

        var weights = trained.Model.Proto.Graph.Initializer.Single(tensor => tensor.Name == "w");
        var found = weights.FloatData.Count > 0 ? [.. weights.FloatData] : System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(weights.RawData.Span).ToArray();
        var samples = new float[Toy.Samples * 16];
        toy.Transfer.Read([.. Enumerable.Range(0, Toy.Samples).Select(row => (long)row)], samples);
        for (var i = 0; i < 16; i++)
            for (var k = 0; k < Toy.Classes; k++)
            {
                var gradient = Enumerable.Range(0, Toy.Samples).Sum(row => -2.0 * toy.Logits[row * Toy.Classes + k] * samples[row * 16 + i]) / (Toy.Samples * Toy.Classes);
                Assert.Equal(-Rate * gradient, found[i * Toy.Classes + k], 5);
            }
        Assert.Contains("squares", trained.Epochs[0].Terms.Keys);
    }

    [Fact]
    public void Train_WithAFormulaOfAnotherName_IsRefusedInTheSameFolder()
    {
        Trainer.Train([new(Toy.Mlp(), Squares())], toy.Data, Toy.Options, toy.Folder("t"));

        Assert.Throws<CheckFailedException>(() => Trainer.Train([new(Toy.Mlp(), Squares("others"))], toy.Data, Toy.Options, toy.Folder("t")));
    }

    [Fact]
    public void Train_WithAFormulaThatGivesNoScalar_SaysSo()
    {
        var error = Assert.Throws<InputException>(() => Trainer.Train(
            [new(Toy.Mlp(), new OwnTerm("rows", OutputKind.Classes, (student, teacher) => student.sub(teacher).square()))], toy.Data, Toy.Options, toy.Folder("t")));

        Assert.Contains("gives no scalar", error.Message, StringComparison.Ordinal);
        Assert.Contains("term 'rows'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_WithAFormulaWithoutGradient_BlamesTheFormula() => Refuses(
        "gives a value without a gradient", (student, teacher) => student.detach().sub(teacher).square().mean());

    [Fact]
    public void Train_WithAFormulaThatGivesNull_SaysSo() => Refuses("gives nothing", (_, _) => null!);

    [Fact]
    public void Train_WithoutArguments_NamesThem()
    {
        Assert.Throws<ArgumentNullException>("learners", () => Trainer.Train(null!, toy.Data, Toy.Options, toy.Folder("t")));
        Assert.Throws<ArgumentNullException>("data", () => Trainer.Train([new(Toy.Mlp(), Squares())], null!, Toy.Options, toy.Folder("t")));
        Assert.Throws<ArgumentNullException>("options", () => Trainer.Train([new(Toy.Mlp(), Squares())], toy.Data, null!, toy.Folder("t")));
        Assert.Throws<ArgumentNullException>("folder", () => Trainer.Train([new(Toy.Mlp(), Squares())], toy.Data, Toy.Options, null!));
    }

    [Fact]
    public void Train_WithATermOfAnotherKindThanTheTeacher_IsRefused() => Assert.Contains(
        "class scores",
        Assert.Throws<InputException>(() => Trainer.Train(
            [new(LearnerOptions.Only, Toy.Mlp(), StudentImport.Default, [new OwnTerm("values", OutputKind.Values, (student, _) => student.mean())])], toy.Data, Toy.Options, toy.Folder("t"))).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("soft")]
    [InlineData(" ")]
    public void Constructor_WithANameThatSaysNothing_Refuses(string name) =>
        Assert.Throws<ArgumentException>(() => new OwnTerm(name, OutputKind.Classes, (student, _) => student.mean()));

    private void Refuses(string what, Func<torch.Tensor, torch.Tensor, torch.Tensor> formula)
    {
        var error = Assert.Throws<InputException>(() => Trainer.Train([new(Toy.Mlp(), new OwnTerm("mine", OutputKind.Classes, formula))], toy.Data, Toy.Options, toy.Folder("t")));

        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Contains("term 'mine'", error.Message, StringComparison.Ordinal);
    }

    private static OwnTerm Squares(string name = "squares") => new(name, OutputKind.Classes, (student, teacher) => student.sub(teacher).square().mean());
}
