using OnnxKd.Pipeline.Commands;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Tests.Support;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace OnnxKd.Pipeline.Tests.Commands;

[Collection(nameof(TinyProject))]
public sealed class InitCommandTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Init_FromFlags_WritesACommentedRecipeThatRuns()
    {
        var recipe = folder["mine.yaml"];

        Cli.Done([
            "init", "-o", recipe, "--teacher", project["teacher.onnx"], "--samples", project["train.npy"], "--labels", project["train-labels.npy"],
            "--test-samples", project["test.npy"], "--test-labels", project["test-labels.npy"], "--threads", "1", "--epochs", "4"]);
        var text = File.ReadAllText(recipe);
        var result = Cli.Done("run", recipe, "--runs", folder["runs"], "--json");

        Assert.Contains("# Found: transfer: 240 samples of float32 [4, 4], labels 0 to 2", text);
        Assert.Contains("# Found: teacher.onnx: ", text);
        Assert.Contains("name: mine", text);
        Assert.DoesNotContain(project["train.npy"], text); // paths are relative
        Assert.True(Figures.Of(result, "student").GetProperty("accuracy").GetDouble() > 0.5);
    }

    [Fact]
    public void Init_WithoutLabelsOrTestSet_SaysWhatIsMissing()
    {
        Cli.Done("init", "-o", folder["r.yaml"], "--teacher", project["teacher.onnx"], "--samples", project["train.npy"]);

        var text = File.ReadAllText(folder["r.yaml"]);
        Assert.Contains("without labels", text);
        Assert.Contains("no test set", text);
        Assert.Equal("r", RecipeFile.Read(RecipeSource.Load(folder["r.yaml"]), StageKinds.All).Name);
    }

    [Fact]
    public void Init_OfWhatCannotRun_SaysWhyAndWritesNothing()
    {
        var error = Cli.Fails(2, "init", "-o", folder["r.yaml"], "--teacher", LinearModel.Write(folder["other.onnx"], side: 5), "--samples", project["train.npy"]);

        Assert.Contains("does not fit", error);
        Assert.False(File.Exists(folder["r.yaml"]));
    }

    [Fact]
    public void Quick_OfARecipeThatSaysHowLong_IsShorter()
    {
        Cli.Done("init", "-o", folder["r.yaml"], "--teacher", project["teacher.onnx"], "--samples", project["train.npy"]);

        var plan = Cli.Done("plan", folder["r.yaml"], "--quick", "--runs", folder["runs"]);

        Assert.Matches("training epochs [0-9]+ in place of the recipe's 200", plan.Error);
        Assert.DoesNotContain("in place of", Cli.Done("plan", folder["r.yaml"], "--quick", "--epochs", "150", "--runs", folder["runs"]).Error);
    }

    [Fact]
    public void Init_SomethingInPlace_IsKept()
    {
        folder.Write("r.yaml", "mine");

        Cli.Fails(2, "init", "-o", folder["r.yaml"], "--teacher", project["teacher.onnx"], "--samples", project["train.npy"]);

        Assert.Equal("mine", File.ReadAllText(folder["r.yaml"]));
    }

    [Theory]
    [InlineData("--samples", "--teacher")]
    [InlineData("--teacher", "--samples")]
    public void Init_WithoutATerminal_NamesWhatIsMissing(string given, string missing)
    {
        var file = given == "--samples" ? project["train.npy"] : project["teacher.onnx"];

        Assert.Contains(missing, Cli.Fails(2, "init", "-o", folder["r.yaml"], given, file));
        Assert.False(File.Exists(folder["r.yaml"]));
    }

    [Fact]
    public void Init_FromAnswers_AsksForWhatIsNotGiven()
    {
        var console = new Typing($"{project["missing.npy"]}\n{project["train.npy"]}\n\n\n");

        var words = new InitQuestions(console.Console).Ask(new HashSet<string> { "--teacher" });

        Assert.Equal(["--samples", project["train.npy"]], words);
        Assert.Contains("there is no such file", console.Output.ToString());
    }

    /// <summary>A terminal at which somebody types.</summary>
    private sealed class Typing : IAnsiConsoleInput
    {
        private readonly Queue<char> keys;

        public Typing(string typed)
        {
            keys = new(typed);
            Console = new TypedConsole(AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Output), Interactive = InteractionSupport.Yes }), this);
        }

        public StringWriter Output { get; } = new();

        public IAnsiConsole Console { get; }

        public bool IsKeyAvailable() => keys.Count > 0;

        public ConsoleKeyInfo? ReadKey(bool intercept) =>
            keys.Dequeue() is var key && key == '\n' ? new('\r', ConsoleKey.Enter, false, false, false) : new(key, ConsoleKey.None, false, false, false);

        public Task<ConsoleKeyInfo?> ReadKeyAsync(bool intercept, CancellationToken cancellationToken) => Task.FromResult(ReadKey(intercept));
    }

    private sealed class TypedConsole(IAnsiConsole inner, IAnsiConsoleInput input) : IAnsiConsole
    {
        public Profile Profile => inner.Profile;

        public IAnsiConsoleCursor Cursor => inner.Cursor;

        public IAnsiConsoleInput Input => input;

        public IExclusivityMode ExclusivityMode => inner.ExclusivityMode;

        public RenderPipeline Pipeline => inner.Pipeline;

        public void Clear(bool home) => inner.Clear(home);

        public void Write(IRenderable renderable) => inner.Write(renderable);
    }

    public void Dispose() => folder.Dispose();
}
