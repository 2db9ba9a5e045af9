using System.CommandLine;
using System.Text.RegularExpressions;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Docs;

/// <summary>Every <c>onnxkd …</c> in the pages is a command line that the table of commands takes; the cheap ones are run.</summary>
public partial class CommandExamplesTests
{
    // Those of scripts, which hand on what they are given.
    private static readonly string[] Placeholders = ["\"$@\"", "ARGUMENTS", "COMMAND"];

    public static TheoryData<string, string> Lines => Data(Commands);

    /// <summary>Within sentences: the command's name and options, without what it needs besides.</summary>
    public static TheoryData<string, string> Mentions => Data(Spans);

    [Theory]
    [MemberData(nameof(Lines))]
    public void Line_OfAPage_IsTakenAsItStands(string page, string command)
    {
        var parsed = CommandLine.CreateRoot().Parse(Words(command));

        Assert.True(parsed.Errors.Count == 0 && CommandLine.UnknownOptions(parsed).Length == 0, $"{page}: {command}: {string.Join("; ", parsed.Errors)}");
        Assert.All(Words(command).Where(word => word.StartsWith("recipes/", StringComparison.Ordinal) && !word.Contains("NAME")), recipe =>
            Assert.True(File.Exists(Path.Combine(Repository.Root, recipe)), $"{page}: {command}: there is no {recipe}"));
    }

    [Theory]
    [MemberData(nameof(Mentions))]
    public void Mention_InAPage_NamesWhatThereIs(string page, string command)
    {
        var (root, words) = (CommandLine.CreateRoot(), Words(command));
        Command found = root;
        foreach (var word in words)
            if (found.Subcommands.FirstOrDefault(subcommand => subcommand.Name == word) is { } below)
                found = below;
        var options = found.Options.Concat(root.Options).SelectMany(option => option.Aliases.Prepend(option.Name)).ToHashSet();

        Assert.True(words.Length == 0 || found != root || words[0].StartsWith('-') || words[0].All(c => char.IsUpper(c) || c is '.' or '…'), $"{page}: there is no command {words.FirstOrDefault()}");
        Assert.All(words.Where(word => word.StartsWith("--", StringComparison.Ordinal)), word => Assert.True(options.Contains(word), $"{page}: {command}: there is no {word}"));
    }

    [Theory]
    [InlineData("settings")]
    [InlineData("completion bash")]
    [InlineData("operators")]
    [InlineData("data")]
    [InlineData("--help")]
    [InlineData("sweep --help")]
    public void CheapCommand_OfThePages_Runs(string command)
    {
        var written = Pages().Select(File.ReadAllText).SelectMany(text => Commands(text).Concat(Spans(text)));
        Assert.Contains(command, written);

        Assert.NotEmpty(Cli.Done(command.Split(' ')).Output);
    }

    [Fact]
    public void Pages_OfThisRepository_HoldManyCommands() => Assert.True(Lines.Count > 60 && Mentions.Count > 20, $"{Lines.Count}, {Mentions.Count}");

    private static TheoryData<string, string> Data(Func<string, IEnumerable<string>> find)
    {
        var data = new TheoryData<string, string>();
        foreach (var (page, command) in Pages().SelectMany(page => find(File.ReadAllText(page)).Select(command => (Short(page), command))).Distinct())
            data.Add(page, command);
        return data;
    }

    private static IEnumerable<string> Pages() => new[] { "README.md", "CONTRIBUTING.md" }.Select(name => Path.Combine(Repository.Root, name))
        .Concat(new[] { "docs", "deploy" }.SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.md", SearchOption.AllDirectories))).Order();

    private static string Short(string page) => Path.GetRelativePath(Repository.Root, page);

    /// <summary>What follows onnxkd in lines of code, up to a comment, a pipe or a file; broken lines are joined.</summary>
    private static IEnumerable<string> Commands(string text) => Line().Matches(Broken().Replace(text, " ")).Select(match => match.Groups[1].Value.Trim())
        .Where(command => !Placeholders.Any(command.Contains)).Select(command => End().Split(command)[0].Trim()).Where(command => command.Length > 0);

    private static IEnumerable<string> Spans(string text) => Span().Matches(text).Select(match => match.Groups[1].Value.ReplaceLineEndings(" ").Trim())
        .Where(command => !Placeholders.Any(command.Contains)).Select(command => End().Split(command)[0].Trim());

    private static string[] Words(string command) => [.. Word().Matches(command).Select(match => match.Value.Trim('"', '\''))];

    [GeneratedRegex(@"^(?:    |\t)[ ]*(?:\./)?onnxkd ([^\n]*)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"`(?:\./)?onnxkd ([^`]*)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"\s*\\\n\s*")]
    private static partial Regex Broken();

    [GeneratedRegex(@"\s+#|\s*[|>;&]\s*|\s+…")]
    private static partial Regex End();

    [GeneratedRegex("\"[^\"]*\"|'[^']*'|\\S+")]
    private static partial Regex Word();
}
