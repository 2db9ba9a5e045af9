using System.CommandLine;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Docs;

/// <summary>Every <c>onnxkd …</c> in the pages is a command line that the table of commands takes; the cheap ones are run.</summary>
public class CommandExamplesTests
{
    public static TheoryData<string, string> Lines => Data(PageCommands.Lines);

    /// <summary>Within sentences: the command's name and options, without what it needs besides.</summary>
    public static TheoryData<string, string> Mentions => Data(PageCommands.Spans);

    [Theory]
    [MemberData(nameof(Lines))]
    public void Line_OfAPage_IsTakenAsItStands(string page, string command)
    {
        var parsed = CommandLine.CreateRoot().Parse(PageCommands.Words(command));

        Assert.True(parsed.Errors.Count == 0 && CommandLine.UnknownOptions(parsed).Length == 0, $"{page}: {command}: {string.Join("; ", parsed.Errors)}");
        Assert.All(PageCommands.Words(command).Where(word => word.StartsWith("recipes/", StringComparison.Ordinal) && !word.Contains("NAME")), recipe =>
            Assert.True(File.Exists(Path.Combine(Repository.Root, recipe)), $"{page}: {command}: there is no {recipe}"));
    }

    [Theory]
    [MemberData(nameof(Mentions))]
    public void Mention_InAPage_NamesWhatThereIs(string page, string command)
    {
        var (root, words) = (CommandLine.CreateRoot(), PageCommands.Words(command));
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
        var written = PageCommands.Pages().Select(File.ReadAllText).SelectMany(text => PageCommands.Lines(text).Concat(PageCommands.Spans(text)));
        Assert.Contains(command, written);

        Assert.NotEmpty(Cli.Done(command.Split(' ')).Output);
    }

    [Fact]
    public void Pages_OfThisRepository_HoldManyCommands() => Assert.True(Lines.Count > 60 && Mentions.Count > 20, $"{Lines.Count}, {Mentions.Count}");

    private static TheoryData<string, string> Data(Func<string, IEnumerable<string>> find)
    {
        var data = new TheoryData<string, string>();
        foreach (var (page, command) in PageCommands.Pages().SelectMany(page => find(File.ReadAllText(page)).Select(command => (Short(page), command))).Distinct())
            data.Add(page, command);
        return data;
    }

    private static string Short(string page) => Path.GetRelativePath(Repository.Root, page);
}
