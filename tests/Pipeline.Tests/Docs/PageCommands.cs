using System.Text.RegularExpressions;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Docs;

/// <summary>The command lines that pages print.</summary>
internal static partial class PageCommands
{
    // Those of scripts, which hand on what they are given.
    private static readonly string[] Placeholders = ["\"$@\"", "ARGUMENTS", "COMMAND"];

    /// <summary>All pages.</summary>
    public static IEnumerable<string> Pages() => new[] { "README.md", "CONTRIBUTING.md" }.Select(name => Path.Combine(Repository.Root, name))
        .Concat(new[] { "docs", "deploy" }.SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.md", SearchOption.AllDirectories))).Order();

    /// <summary>What follows onnxkd in lines of code, up to a comment, a pipe or a file; broken lines are joined.</summary>
    public static IEnumerable<string> Lines(string text) => Wanted(Line().Matches(Broken().Replace(text, " ")));

    /// <summary>What follows onnxkd within sentences.</summary>
    public static IEnumerable<string> Spans(string text) => Wanted(Span().Matches(text.ReplaceLineEndings(" ")));

    /// <summary>The words of a line, without their quotes.</summary>
    public static string[] Words(string command) => [.. Word().Matches(command).Select(match => match.Value.Trim('"', '\''))];

    private static IEnumerable<string> Wanted(IEnumerable<Match> matches) => matches.Select(match => match.Groups[1].Value.Trim())
        .Where(command => !Placeholders.Any(command.Contains)).Select(command => End().Split(command)[0].Trim()).Where(command => command.Length > 0);

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
