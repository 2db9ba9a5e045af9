using System.Text.RegularExpressions;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.Pipeline.Tests.Docs;

/// <summary>Pages, and parts of pages, that are written by commands; the commands stand at their heads.</summary>
public partial class GeneratedPagesTests
{
    [Fact]
    public void OperatorsPage_IsWhatTheCommandWrites() => Assert.Equal(OperatorReference.Markdown(), Page("operators.md"));

    [Fact]
    public void RecipesPage_HoldsTheTablesOfAllSettings()
    {
        var parts = Part().Matches(Page("recipes.md"));

        Assert.Equal(SettingsPages.Names.Where(name => name != "students").Order(), parts.Select(part => part.Groups[1].Value).Order());
        Assert.All(parts, part => Assert.Equal(SettingsPages.Text(part.Groups[1].Value), part.Groups[2].Value));
    }

    private static string Page(string name) => File.ReadAllText(Path.Combine(Repository.Root, "docs", name));

    [GeneratedRegex("<!-- settings: (.*?) -->\n(.*?)<!-- end -->\n", RegexOptions.Singleline)]
    private static partial Regex Part();
}
