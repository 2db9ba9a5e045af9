using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Measuring;

/// <summary>What an evaluation finds besides the figures, held against the figures.</summary>
[Collection(nameof(TinyProject))]
public sealed class RunDetailsTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Details_OfARun_AddUpToItsFigures()
    {
        var figures = Cli.Done("run", project["student.yaml"], "--epochs", "3", "--runs", runs.Path, "--json");
        var student = Figures.Of(figures, "student");
        var details = Details("student");

        Assert.Equal(["teacher", "student", "baseline"], details.Models.Select(model => model.Role));
        var model = details.Of("student")!;
        Assert.Equal(90, model.Pairs.Sum(pair => pair.Rows));
        Assert.Equal(student.GetProperty("agreement").GetDouble(), model.Pairs.Where(pair => pair.Teacher == pair.Model).Sum(pair => pair.Rows) / 90.0, 12);
        Assert.Equal(student.GetProperty("errors").GetInt64(), 90 - model.Changes.Sum(change => change.Model));
        Assert.Equal(Figures.Of(figures, "teacher").GetProperty("errors").GetInt64(), 90 - model.Changes.Sum(change => change.Teacher));
        Assert.Equal(
            student.GetProperty("ece").GetDouble(), model.Reliability.Sum(bin => bin.Samples * Math.Abs(bin.Confidence - bin.Accuracy)) / 90, 12);
        Assert.Equal(240, student.GetProperty("transfer").GetProperty("samples").GetInt64());
        Assert.False(Figures.Of(figures, "baseline").TryGetProperty("transfer", out _)); // it learned from labels
    }

    [Fact]
    public void Transfer_OfASetThatIsTheTestSet_IsAsCloseThere()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe.Replace("samples: test.npy, labels: test-labels.npy", "samples: train.npy, labels: train-labels.npy", StringComparison.Ordinal));
        var figures = Cli.Done("run", recipe, "--epochs", "2", "--no-baseline", "--name", "same", "--runs", runs.Path, "--json");
        var student = Figures.Of(figures, "student");
        var closeness = student.GetProperty("transfer");

        Assert.Equal(student.GetProperty("agreement").GetDouble(), closeness.GetProperty("agreement").GetDouble(), 12);
        Assert.Equal(student.GetProperty("kl").GetDouble(), closeness.GetProperty("kl").GetDouble(), 1e-3); // what is learned from is stored in 16 bits
    }

    [Fact]
    public void Run_EvaluatedAgain_GivesTheSameBytes()
    {
        string[] command = ["run", project["student.yaml"], "--epochs", "2", "--no-baseline", "--runs", runs.Path];
        Cli.Done(command);
        var (file, first) = (FileOf("student"), File.ReadAllBytes(FileOf("student")));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        Cli.Done(command);

        Assert.Equal(first, File.ReadAllBytes(file));
    }

    public void Dispose() => runs.Dispose();

    private RunDetails Details(string run) => CanonicalJson.Deserialize<RunDetails>(File.ReadAllBytes(FileOf(run)), FileOf(run));

    private string FileOf(string run) => Path.Combine(Directory.GetDirectories(runs[run], "evaluate-*").Single(), RunDetails.FileName);
}
