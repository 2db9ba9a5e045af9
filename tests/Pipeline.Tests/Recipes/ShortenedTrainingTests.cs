using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Recipes;

[Collection(nameof(TinyProject))]
public sealed class ShortenedTrainingTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("4", "2", "20", "2")] // there is room
    [InlineData("2", "2", "20", "0.2")]
    [InlineData("1", "1.5", "30", "0.05")]
    public void Fit_EpochsThatLeaveNoRoom_ShortensTheWarmupInProportion(string epochs, string warmup, string before, string expected)
    {
        var (source, notes) = (Load(before, warmup), new List<string>());
        source.Set("training.epochs", epochs, "--epochs");
        ShortenedTraining.Fit(source, notes.Add);
        var room = double.Parse(epochs, System.Globalization.CultureInfo.InvariantCulture) > double.Parse(warmup, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(room ? warmup : expected, source.Find("training.schedule.warmup-epochs")?.Value);
        Assert.Equal(room ? [] : [$"warm-up: {expected} of {epochs} epochs, as the recipe has {warmup} of {before} (training.schedule.warmup-epochs)"], notes);
    }

    [Fact]
    public void Fit_WarmupThatAnOptionGives_StaysAsItIs()
    {
        var source = Load("20", "2");
        source.Set("training.epochs", "2", "--epochs");
        source.Set("training.schedule.warmup-epochs", "3", "--set");
        ShortenedTraining.Fit(source, _ => throw new InvalidOperationException("nothing is shortened"));
        Assert.Equal("3", source.Find("training.schedule.warmup-epochs")?.Value);
    }

    [Fact]
    public void Run_OfFewerEpochsThanTheWarmup_SaysSoAndRuns()
    {
        var recipe = project.Recipe(Written("20", "2"));
        Assert.Contains("warm-up: 0.2 of 2 epochs", Cli.Done("plan", recipe, "--epochs", "2", "--runs", runs.Path).Error);
        var error = Cli.Fails(2, "plan", recipe, "--epochs", "2", "--set", "training.schedule.warmup-epochs=3", "--runs", runs.Path);
        Assert.Contains("warmup-epochs: 3 of 2 epochs", error);
        Assert.Contains("training.schedule.warmup-epochs, or raise training.epochs", error);
    }

    private static string Written(string epochs, string warmup) => TinyProject.StudentRecipe.Replace(
        "epochs: 30, batch-size: 32,", $"epochs: {epochs}, batch-size: 32, schedule: {{ name: cosine, warmup-epochs: {warmup} }},");

    private RecipeSource Load(string epochs, string warmup) => RecipeSource.Load(project.Recipe(Written(epochs, warmup)));
}
