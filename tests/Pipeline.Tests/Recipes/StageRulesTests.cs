using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.StudentTrainer.Optimizers;

namespace OnnxKd.Pipeline.Tests.Recipes;

/// <summary>What recipes say of their stages, and mistakes in it.</summary>
public sealed class StageRulesTests : IDisposable
{
    private const string Top = """
        data: { transfer: { samples: a.npy, labels: b.npy } }
        teachers: [ model: t.onnx ]
        capture: { storage: float16, batch-size: 7 }
        objective: [ soft: { temperature: 4 } ]
        training: { epochs: 3, optimizer: { learning-rate: 0.5, momentum: 0.1 } }
        student: { architecture: mlp, widths: [8] }
        stages:

        """;

    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("  a: { train: { teachers: [ stage: b ] } }\n  b: { train: { teachers: [ stage: a ] } }", ":8:36", "circle", "a → b → a")]
    [InlineData("  a: { train: { teachers: [ stage: a ] } }", ":8:36", "circle", "a → a")]
    [InlineData("  help: { train: }\n  b: { train: { teachers: [ stage: hlep ] } }", ":9:36", "not known", "'hlep'", "one of help, b", "did you mean 'help'?")]
    [InlineData("  b: { train: { teachers: [ stage: a ] } }\n  a: { train: }", ":8:36", "needs a later one", "move 'a' before it")]
    [InlineData("  c: { capture: }\n  b: { train: { teachers: [ stage: c ] } }", ":9:36", "'c' makes a cache", "a model")]
    [InlineData("  c: { capture: }\n  b: { train: { student: { stage: c } } }", ":9:35", "'c' makes a cache", "a model")]
    [InlineData("  a: { train: }\n  b: { train: { cache: { stage: a } } }", ":9:33", "'a' makes a model", "a cache")]
    [InlineData("  a: { train: }\n  b: { train: }", "r.yaml:8:", "not clear which model", "a and b", "call one of them 'student'")]
    [InlineData("  c: { capture: }", "not clear which model", "no training")]
    [InlineData("  a: { train: }\n  a: { train: }", "Duplicate key a")]
    [InlineData("  a-1: { train: }\n  a: { train: { repeat: 2 } }", "Two things have one name", "'a-1'")]
    [InlineData("  teacher: { train: { teachers: none, objective: [ hard: {} ] } }", "Two things have one name", "'teacher'")]
    [InlineData("  baseline: { train: }", "follows from the student")]
    [InlineData("  a: { trian: }", ":8:8", "one of capture, graft, train", "did you mean 'train'?")]
    [InlineData("  a: { verify: }", "follows from others", "one of capture, graft, train")]
    [InlineData("  a: { train: , capture: }", "one kind", "2 kinds")]
    [InlineData("  a: { train: { teachers: [ { stage: b, model: t.onnx } ] } }", "either a file or what a stage makes")]
    [InlineData("  a: { train: { epochs: 3 } }", "stages.a.train.epochs")]
    [InlineData("  a: { train: { training: { epohcs: 3 } } }", "stages.a.train.training.epohcs", "did you mean 'epochs'?")]
    [InlineData("  a: { train: { training: { schedule: { warmup-epochs: 3 } } } }", ":8:27", "The warm-up is as long as the training")]
    [InlineData("  a: { train: { teachers: none } }", "The objective needs a teacher")]
    public void Read_Mistake_IsNamedWithItsPlace(string stages, params string[] expected)
    {
        var error = Assert.Throws<InputException>(() => Read(stages));

        Assert.All(expected, part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void Read_WhatAStageLeavesOut_IsTheRecipes()
    {
        var step = Step("  a: { train: { capture: { batch-size: 9 }, training: { optimizer: { learning-rate: 2 } }, seed: 5 } }", "a");

        Assert.Equal((9, "float16"), (step.Capture.BatchSize!.Value, step.Capture.Storage.Name));
        Assert.Equal((3, 2, 0.1), (step.Training.Epochs, step.Training.Optimizer.LearningRate, ((SgdOptions)step.Training.Optimizer).Momentum));
        Assert.Equal((5UL, 5UL), (step.Training.Seed, step.Capture.Seed));
        Assert.Equal(folder["t.onnx"], Assert.Single(step.Capture.Teachers).Model);
        Assert.Equal(new[] { 8 }, step.Learners[0].Student.Architecture!.Values["widths"]);
    }

    [Theory]
    [InlineData("architecture: mlp", "architecture: mpl", "  a: { train: { student: { architecture: mlp } } }", "did you mean 'mlp'?")]
    [InlineData("student: { architecture: mlp, widths: [8] }", "student: { stage: a }", "  a: { train: }", "The recipe's own student is no stage's")]
    [InlineData("[ model: t.onnx ]", "[ stage: a ]", "  a: { train: }", "The recipe's own teachers are files")]
    [InlineData("epochs: 3, ", "", "  a: { train: { training: { batch-size: 3 } } }", "no 'stages.a.train.training.epochs'")]
    public void Read_MistakeAtTheTop_IsNamed(string right, string wrong, string stages, string expected)
    {
        Assert.Contains(right, Top);
        var path = folder.Write("r.yaml", Top.Replace(right, wrong) + stages);

        var error = Assert.Throws<InputException>(() => RecipeFile.Read(RecipeSource.Load(path), StageKinds.All));

        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Read_EpochsInTheStageAlone_AreEnough()
    {
        var path = folder.Write("r.yaml", Top.Replace("epochs: 3, ", "") + "  a: { train: { training: { epochs: 4 } } }");

        var training = RecipeFile.Read(RecipeSource.Load(path), StageKinds.All).Final.Training;

        Assert.Equal((4, 0.5), (training.Epochs, training.Optimizer.LearningRate));
    }

    [Fact]
    public void Read_StageThatLearnsFromLabels_NeedsNotSayThatItHasNoTeacher() =>
        Assert.True(Step("  a: { train: { objective: [ hard: {} ] } }\n  student: { train: }", "a").Teachers.IsEmpty);

    [Theory]
    [InlineData("  student: { train: }\n  a: { train: }", "student")]
    [InlineData("  a: { train: }\n  b: { train: { teachers: [ stage: a ] } }", "b")]
    public void Read_Final_IsTheOneThatNothingElseNeedsOrThatIsCalledStudent(string stages, string name) =>
        Assert.Equal(name, Read(stages).Final.Name);

    [Fact]
    public void Write_Stages_IsReadAsTheSame()
    {
        var recipe = Read(
            "  c: { capture: { teachers: [ model: u.onnx ] } }\n  a: { train: { cache: { stage: c }, seed: 9 } }\n"
            + "  b: { train: { teachers: [ { stage: a, weight: 2 }, model: t.onnx ], student: { stage: a, init: fresh }, repeat: 2 } }\nbaseline: true");

        var text = RecipeFile.Write(recipe, folder["runs/x"]);
        var again = RecipeFile.Write(RecipeFile.Read(RecipeSource.Load(folder.Write("runs/x/recipe.yaml", text)), StageKinds.All), folder["runs/x"]);

        Assert.Equal(text, again);
        Assert.All(new[] { "stage: a", "stage: b-1", "seed: 9", "init: fresh" }, part => Assert.Contains(part, text));
    }

    [Theory]
    [InlineData("  a: { train: {} }\n  student: { train: { student: { stage: a } } }", "what 'a' learned from teachers")]
    [InlineData("  a: { train: {} }\n  q: { quantise: { model: { stage: a } } }\n  student: { train: { student: { stage: q, init: keep } } }", "what 'a' learned from teachers")]
    [InlineData("  a: { train: {} }\n  student: { train: { student: { stage: a, init: fresh } } }", null)]
    [InlineData("  a: { train: { objective: [ hard: {} ] } }\n  student: { train: { student: { stage: a } } }", null)]
    public void Read_BaselineThatWouldStartFromTaughtWeights_IsRefused(string stages, string? refusal)
    {
        var error = Record.Exception(() => Read($"{stages}\nbaseline: true"));

        if (refusal is null)
            Assert.Null(error);
        else
            Assert.Contains(refusal, Assert.IsType<InputException>(error).Message);
    }

    [Fact]
    public void Documentation_Example_IsValid()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "stages.md")).ReplaceLineEndings("\n");
        var example = page.Split("```yaml\n")[1].Split("```")[0];

        var recipe = RecipeFile.Read(RecipeSource.Load(folder.Write("example.yaml", example)), StageKinds.All);

        Assert.Equal(["assistant", "student", "baseline"], recipe.Stages.Select(stage => stage.Name));
        Assert.Equal(40, recipe.Final.Training.Epochs);
    }

    public void Dispose() => folder.Dispose();

    private TrainStep Step(string stages, string name) => Read(stages).Trainings.Single(step => step.Name == name);

    private Recipe Read(string stages) => RecipeFile.Read(RecipeSource.Load(folder.Write("r.yaml", Top + stages)), StageKinds.All);
}
