using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Commands;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Sweeps;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.Pipeline.Tests.Commands;

public sealed class RecipeArgumentsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Read_Options_ReplaceKeysOfTheRecipe()
    {
        var recipe = Read(
            "--seed", "7", "--epochs", "2", "--lr", "0.5", "--batch-size", "4", "--device", "cpu", "--scale", "1/2", "--widths", "3,5",
            "--name", "n", "--set", "training.clip-norm=2", "--set", "capture.views=1", "--no-baseline");

        Assert.Equal((7UL, "n", null), (recipe.Seed, recipe.Name, recipe.Baseline));
        var training = recipe.Final.Training;
        Assert.Equal((2, 0.5, 4), (training.Epochs, training.Optimizer.LearningRate, training.BatchSize));
        Assert.Equal((2.0, 7UL), (training.ClipNorm, training.Seed));
        Assert.Equal(("cpu", "cpu", 0.5), (recipe.Final.Training.Device, recipe.Final.Capture.Device, recipe.Data.Preprocessing.Scale));
        Assert.Equal(new[] { 3, 5 }, recipe.Final.Learners[0].Student.Architecture!.Values["widths"]);
    }

    [Fact]
    public void Read_Temperature_ChangesTheSoftTermAlone()
    {
        var term = Assert.Single(Read("--temperature", "8").Final.Learners[0].Objective);

        Assert.Equal(("soft", 8.0, 1.0), (term.Name, ((SoftTerm)term).Temperature, term.Weight.At(0)));
    }

    [Fact]
    public void Read_SetOfAnEntryOfAList_ReplacesItAlone()
    {
        var recipe = Read("--set", "objective.0.soft.temperature=3", "--set", "teachers.0.weight=2");

        Assert.Equal(3.0, ((SoftTerm)Assert.Single(recipe.Final.Learners[0].Objective)).Temperature);
        Assert.Equal(2, Assert.Single(recipe.Final.Capture.Teachers).Weight);
        Assert.Contains("a place from 0 to 0", Assert.Throws<InputException>(() => Read("--set", "teachers.1.weight=2")).Message);
        Assert.Contains("'first'", Assert.Throws<InputException>(() => Read("--set", "teachers.first.weight=2")).Message);
    }

    [Fact]
    public void Read_Alpha_SplitsTheWeightAndKeepsTheTemperature()
    {
        var terms = Read("--alpha", "0.75").Final.Learners[0].Objective;

        Assert.Equal([("soft", 2.0, 0.75), ("hard", null, 0.25)], terms.Select(t => (t.Name, (t as SoftTerm)?.Temperature, t.Weight.At(0))));
    }

    [Fact]
    public void Read_Alpha_KeepsATemperatureThatFollowsEpochs()
    {
        var recipe = folder.Write("falls.yaml", TinyProject.StudentRecipe.Replace("temperature: 2", "temperature: { 0: 8, 10: 1 }"));

        var soft = Assert.IsType<SoftTerm>(Parse(recipe, "--alpha", "0.75").Final.Learners[0].Objective[0]);

        Assert.Equal(new([(0, 8), (10, 1)]), soft.Temperature);
    }

    [Theory]
    [InlineData("--epochs", "0", "--epochs, training.epochs", "'0'")]
    [InlineData("--lr", "fast", "--lr, training.optimizer.learning-rate", "'fast'")]
    [InlineData("--alpha", "2", "--alpha, objective[1].hard.weight", "'-1'")]
    [InlineData("--alpha", "x", "--alpha, objective[0].soft.weight", "'x'")]
    [InlineData("--temperature", "-1", "--temperature, objective[0].soft.temperature", "'-1'")]
    [InlineData("--set", "training.epoch=1", "--set training.epoch", "did you mean 'epochs'?")]
    [InlineData("--set", "epochs", "--set", "KEY=VALUE")]
    [InlineData("--threads", "100000", "--threads, capture.threads", "1 to 1024")]
    [InlineData("--set", "training.epochs=[", "--set training.epochs", "not valid YAML")]
    public void Read_WrongOption_IsNamedAsTheOption(string option, string value, params string[] expected)
    {
        var error = Assert.Throws<InputException>(() => Read(option, value));

        Assert.All(expected, part => Assert.Contains(part, error.Message));
    }

    [Theory]
    [InlineData(",")]
    [InlineData("|")]
    public void Read_SettingOfOneMark_IsThatMark(string mark)
    {
        var separator = Read("--set", $"data.transfer.table.separator={mark}").Data.Transfer.Table.Separator;

        Assert.Equal(mark[0], separator);
    }

    [Fact]
    public void Read_SettingOfAPattern_IsNoAlias() =>
        Assert.EndsWith("*.npy", Read("--set", "data.transfer.samples=*.npy").Data.Transfer.Samples, StringComparison.Ordinal);

    [Fact]
    public void Read_WithoutRecipe_OptionsAreEnough()
    {
        var recipe = Parse(
            "--teacher", "a.onnx", "--teacher", "b.onnx", "--samples", "x.npy", "--architecture", "mlp", "--widths", "4", "--epochs", "1");

        Assert.Equal([Path.GetFullPath("a.onnx"), Path.GetFullPath("b.onnx")], recipe.Final.Capture.Teachers.Select(t => t.Model));
        Assert.Equal(("soft", 4.0), (Assert.Single(recipe.Final.Learners[0].Objective).Name, ((SoftTerm)recipe.Final.Learners[0].Objective[0]).Temperature));
    }

    [Fact]
    public void Read_WithoutRecipeOrTeacher_LearnsFromLabels()
    {
        var recipe = Parse("--samples", "x.npy", "--labels", "y.npy", "--architecture", "mlp", "--widths", "4", "--epochs", "1");

        Assert.Equal("hard", Assert.Single(recipe.Final.Learners[0].Objective).Name);
    }

    [Theory]
    [InlineData("0.485,0.456,0.406")]
    [InlineData("[0.485, 0.456, 0.406]")]
    public void Read_WithAMeanForEachChannel_TakesThemAll(string mean) =>
        Assert.Equal([0.485, 0.456, 0.406], Read("--mean", mean, "--std", "0.5").Data.Preprocessing.Mean);

    [Fact]
    public void Read_WithoutAnything_SaysWhatIsMissing() =>
        Assert.Contains("--samples", Assert.Throws<InputException>(() => Parse()).Message);

    public void Dispose() => folder.Dispose();

    private Recipe Read(params string[] options) => Parse([folder.Write("r.yaml", TinyProject.StudentRecipe), .. options]);

    private static Recipe Parse(params string[] args)
    {
        var (arguments, command) = (new RecipeArguments(), new RootCommand { GlobalOptions.Json });
        arguments.AddTo(command);
        return arguments.ReadRecipe(command.Parse(args), SweepSetting.None);
    }
}
