using System.Text.Json;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Recipes;

/// <summary>The recipes of methods: each can be planned, and has its page and its line in the table.</summary>
public sealed class MethodRecipesTests : IDisposable
{
    private static readonly string Folder = Path.Combine(Repository.Root, "recipes", "methods");
    private static readonly string Pages = Path.Combine(Repository.Root, "docs", "methods");

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Recipes => [.. Directory.GetFiles(Folder, "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    /// <summary>With MNIST, which is of the same shape, so that the test fetches nothing.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void Plan_OfEachRecipe_EndsInFiguresOfTheStudent(string name)
    {
        var text = File.ReadAllText(Path.Combine(Folder, $"{name}.yaml"))
            .Replace("set: fashion-mnist", "set: mnist").Replace("../../models/", $"{Path.Combine(Repository.Root, "models")}/");
        var plan = JsonDocument.Parse(Cli.Done("plan", folder.Write($"{name}.yaml", text), "--runs", folder["runs"], "--json").Output).RootElement;
        var stages = plan.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("name").GetString()).ToArray();
        Assert.Contains("evaluate", stages);
        Assert.Contains("train-student", stages);
        Assert.Contains($"name: methods-{name}\n", text);
    }

    /// <summary>A recipe says which page describes it, and the page shows how it is run.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void Page_OfEachRecipe_NamesIt(string name)
    {
        var comment = string.Join(' ', File.ReadLines(Path.Combine(Folder, $"{name}.yaml")).TakeWhile(line => line.StartsWith('#')));
        var page = comment.Split(' ').Select(word => word.TrimEnd('.')).Single(word => word.StartsWith("docs/methods/", StringComparison.Ordinal));
        Assert.Contains($"recipes/methods/{name}.yaml", File.ReadAllText(Path.Combine(Repository.Root, page.EndsWith(".md") ? page : page + ".md")));
    }

    [Fact]
    public void Table_NamesEachPageAndNoOther()
    {
        var table = File.ReadAllText(Path.Combine(Pages, "README.md"));
        Assert.All(
            Directory.GetFiles(Pages, "*.md").Select(page => Path.GetFileName(page)!).Where(page => page != "README.md"),
            page => Assert.Contains($"({page})", table));
    }

    public void Dispose() => folder.Dispose();
}
