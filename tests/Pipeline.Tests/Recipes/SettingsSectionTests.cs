using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Tests.Recipes;

/// <summary>Reading and writing by declaration: every form that a setting can have.</summary>
public sealed class SettingsSectionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, OptimizerOptions> Optimizers => new()
    {
        { "sgd", new SgdOptions() },
        { "{ name: adamw, beta1: 0.5 }", new AdamWOptions { Beta1 = 0.5 } },
        { "{ name: sgd, nesterov: false }", new SgdOptions { Nesterov = false } },
        { "{ learning-rate: 1/2 }", new SgdOptions { LearningRate = 0.5 } },
    };

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Read_OfAKind_IsItsNameOrItsSettings(string yaml, OptimizerOptions expected) =>
        Assert.Equal(expected, Read<TrainingOptions>($"{{ epochs: 1, optimizer: {yaml} }}").Optimizer);

    [Fact]
    public void Read_OfAKindWithABasis_TakesTheRestFromOneOfTheSameKind()
    {
        var basis = new TrainingOptions { Epochs = 5, Optimizer = new AdamOptions { Beta1 = 0.5 }, ClipNorm = 2 };

        Assert.Equal(
            basis with { Optimizer = new AdamOptions { Beta1 = 0.5, LearningRate = 0.3 } }, Read("{ optimizer: { learning-rate: 0.3 } }", basis));
        Assert.Equal(
            basis with { Optimizer = new AdamWOptions { LearningRate = 0.3 } }, Read("{ optimizer: { name: adamw, learning-rate: 0.3 } }", basis));
        Assert.Equal(basis with { ClipNorm = null }, Read("{ clip-norm: none }", basis));
    }

    public static TheoryData<string, StreamStorage> Storages => new()
    {
        { "int8", new Int8() },
        { "{ top-k: 3 }", new TopK(3, [1]) },
        { "{ top-k: 3, temperatures: 2 }", new TopK(3, [2]) },
        { "{ top-k: 3, temperatures: none }", new TopK(3, []) },
        { "{ sampled: 9 }", new Sampled(9, 1) },
    };

    [Theory]
    [MemberData(nameof(Storages))]
    public void Read_OfAKindThatItsFirstSettingNames_FindsItByThatKey(string yaml, StreamStorage expected) =>
        Assert.Equal(expected, Read<CaptureOptions>($"{{ storage: {yaml} }}").Storage);

    [Fact]
    public void Read_OfWordsForNullAndEnumerations_FindsTheirValues()
    {
        var capture = Read<CaptureOptions>("{ batch-size: auto, combination: none }");
        Assert.Equal((null, Combination.Single), (capture.BatchSize, capture.Combination));
        Assert.Equal((Initialisation.Fresh, null), (ReadImport("init: fresh").Initialisation, ReadImport("norm-overlay: auto").NormOverlay));
        Assert.True(ReadImport("norm-overlay: true").NormOverlay);

        StudentImport ReadImport(string line) => Read<StudentImport>($"{{ {line} }}");
    }

    [Theory]
    [InlineData("{ optimizer: adamm, epochs: 1 }", "section.optimizer", "did you mean 'adam'?")]
    [InlineData("{ optimizer: { name: adam, momentum: 0.9 }, epochs: 1 }", "section.optimizer.momentum", "one of name, learning-rate")]
    [InlineData("{ schedule: { name: one-cycle, warmup-epochs: 1 }, epochs: 1 }", "section.schedule.warmup-epochs", "rise-share")]
    [InlineData("{ epochs: 3000000000 }", "section.epochs", "a whole number from 1 on")]
    [InlineData("{ epochs: 1, early-stop: { metric: nll } }", "no 'section.early-stop.patience'")]
    [InlineData("{ epochs: 1, threads: some }", "section.threads", "a whole number from 1")]
    public void Read_OfAMistake_NamesTheKeyAndWhatItTakes(string yaml, params string[] expected)
    {
        var error = Assert.Throws<InputException>(() => Read<TrainingOptions>(yaml));
        Assert.All(expected, part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void Write_OfEverySection_ReadsBackTheSame()
    {
        var training = new TrainingOptions
        {
            Epochs = 2, Optimizer = new AdamOptions { Epsilon = 1e-5 }, Schedule = new StepSchedule { Milestones = [1, 2.5] }, MaxNorm = 3,
            EarlyStop = new() { Patience = 4, Metric = "nll" }, Threads = 2,
        };
        Assert.Equal(training, Read<TrainingOptions>(YamlTree.Text(SettingsSection.Write(training))));
    }

    [Fact]
    public void Write_ForAKey_LeavesOutWhatCannotChangeAResult()
    {
        var training = new TrainingOptions { Epochs = 2 };
        var capture = new CaptureOptions { Teachers = [] };

        Assert.Equal(Key(training), Key(training with { Threads = 3, Device = "cuda:1" }));
        Assert.NotEqual(Key(training), Key(training with { Epochs = 3 }));
        Assert.Equal(Key(capture), Key(capture with { Threads = 3 }));
        Assert.NotEqual(Key(capture), Key(capture with { Device = "cpu" }));

        static string Key(object settings) => YamlTree.Text(SettingsSection.Write(settings, forKey: true));
    }

    private T Read<T>(string yaml, T? basis = null)
        where T : class
    {
        var text = yaml.ReplaceLineEndings("\n").TrimEnd('\n');
        var section = text.Contains('\n') ? $"section:\n  {text.Replace("\n", "\n  ")}\n" : $"section: {text}\n";
        var source = RecipeSource.Load(folder.Write("section.yaml", section));
        return SettingsSection.Read(new RecipeValue(source, "", source.Root).Map("section").Require("section"), basis);
    }
}
