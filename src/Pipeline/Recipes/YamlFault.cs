using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Why a text is not YAML, where, and what to do about it.</summary>
/// <param name="place">Where.</param>
/// <param name="found">What is there, for people.</param>
/// <param name="remedy">What to do; <c>null</c>: what is there says it.</param>
/// <param name="inner">What the parser says.</param>
internal sealed class YamlFault(Mark place, string found, string? remedy, Exception? inner = null) : YamlException(place, place, found, inner!)
{
    /// <summary>What to do; <c>null</c>: the message says it.</summary>
    public string? Remedy => remedy;

    /// <summary>Explains where the parser stopped. It places tabs at the first line, and fails itself at a key within a bracket that is open.</summary>
    /// <param name="error">What the parser says.</param>
    /// <param name="text">The text.</param>
    /// <param name="last">What was read last.</param>
    /// <param name="bracket">The innermost list or mapping in brackets that is open; <c>null</c>: none.</param>
    public static YamlFault Of(Exception error, string text, ParsingEvent? last, NodeEvent? bracket)
    {
        var told = error as YamlException;
        if (told is not null && error.Message.Contains(" tab ", StringComparison.Ordinal) && FindTab(text, last?.End.Line ?? 1) is { } tab)
            return new(tab, "a tab before the first word of a line", "indent with spaces", error);
        if (bracket is not null && (told is null || told.Start.Index >= text.TrimEnd().Length || error.Message.Contains("expected ','", StringComparison.Ordinal)))
            return new(bracket.Start, "a bracket that was opened is not closed", $"add the '{(bracket is MappingStart ? '}' : ']')}' that belongs to it", error);
        return told is not null
            ? new(told.Start, error.Message, null, error)
            : new(last?.End ?? Mark.Empty, "something that does not belong here", "look for brackets and quotes that do not match", error);
    }

    private static Mark? FindTab(string text, long firstLine)
    {
        var (line, start) = (1L, 0);
        foreach (var range in text.AsSpan().Split('\n'))
        {
            var tab = text.AsSpan()[range].IndexOfAnyExcept(' ');
            if (line >= firstLine && tab >= 0 && text[start + tab] == '\t')
                return new(start + tab, line, tab + 1);
            start += text.AsSpan()[range].Length + 1;
            line++;
        }
        return null;
    }
}
