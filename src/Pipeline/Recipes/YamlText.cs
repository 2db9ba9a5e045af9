using OnnxKd.Core.Errors;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>
/// Reads YAML from strangers. Nesting, and what aliases stand for, are counted before the tree is built, which is done by recursion and follows
/// aliases wherever it is walked.
/// </summary>
internal static class YamlText
{
    private const int DeepestLevel = 32;
    private const int MostNodes = 20_000;

    /// <summary>The one document of a text; <c>null</c> if it has none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="where">Says where a line is, for messages.</param>
    /// <exception cref="InputException">It is too deep or too large, has two documents, or a key that is not a word.</exception>
    /// <exception cref="YamlFault">It is not YAML.</exception>
    public static YamlNode? Parse(string text, Func<Mark, string> where)
    {
        var (parser, open) = (new Parser(new StringReader(text)), new Stack<Collection>());
        try
        {
            Check(parser, open, where);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
        }
        // The parser is not proof against every text.
        catch (Exception error) when (error is (YamlException and not YamlFault)
            or InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException or KeyNotFoundException)
        {
            throw YamlFault.Of(error, text, parser.Current, open.FirstOrDefault(collection => collection.IsInBrackets)?.Start);
        }
    }

    private static void Check(Parser parser, Stack<Collection> open, Func<Mark, string> where)
    {
        var anchors = new Dictionary<AnchorName, long>();
        var (documents, total) = (0, 0L);
        while (parser.MoveNext())
        {
            switch (parser.Current)
            {
                case DocumentStart start when ++documents > 1:
                    throw Refuse("YAML holds several documents, of which the first alone would be read.", start.Start, "a second document", "one document", "put each into a file of its own");
                case MappingStart or SequenceStart:
                    var node = (NodeEvent)parser.Current;
                    RequireWord(node.Start);
                    if (open.Count == DeepestLevel)
                        throw Refuse("YAML is nested too deeply.", node.Start, $"level {open.Count + 1}", $"at most {DeepestLevel} levels", "take brackets away");
                    open.Push(new(node));
                    break;
                case MappingEnd or SequenceEnd:
                    var closed = open.Pop();
                    Add(closed.Anchor, closed.Nodes);
                    break;
                case Scalar scalar:
                    Add(scalar.Anchor, 1);
                    break;
                case AnchorAlias alias:
                    RequireWord(alias.Start);
                    if (open.Any(collection => collection.Anchor == alias.Value))
                        throw Refuse("YAML holds itself.", alias.Start, $"alias '{alias.Value}' within what it stands for", "no cycle", "remove the alias");
                    if (!anchors.TryGetValue(alias.Value, out var nodes))
                        throw new YamlFault(alias.Start, $"'*{alias.Value}', which YAML takes for an alias of '&{alias.Value}', and there is none", $"put the value in quotes: \"*{alias.Value}\"");
                    Add(AnchorName.Empty, nodes);
                    break;
            }
        }

        void RequireWord(Mark place)
        {
            if (open.TryPeek(out var around) && around.ExpectsKey)
                throw Refuse("A key in YAML is not a word.", place, "a list, a mapping or an alias", "a word", "write the key out");
        }

        void Add(AnchorName anchor, long nodes)
        {
            if (!anchor.IsEmpty)
                anchors[anchor] = nodes;
            if (open.TryPeek(out var around))
                around.Add(nodes);
            total = around?.Nodes ?? nodes;
            if (total > MostNodes)
                throw Refuse("YAML holds too much.", parser.Current!.Start, $"more than {MostNodes} entries, aliases counted as what they stand for", $"at most {MostNodes}", "remove aliases");
        }

        InputException Refuse(string what, Mark place, string found, string expected, string remedy) => new(what, where(place), found, expected, remedy);
    }

    /// <summary>A list or a mapping that has not ended yet.</summary>
    private sealed class Collection(NodeEvent start)
    {
        private bool isKeyRead;

        public NodeEvent Start => start;

        public AnchorName Anchor => start.Anchor;

        public bool IsInBrackets => start is MappingStart { Style: MappingStyle.Flow } or SequenceStart { Style: SequenceStyle.Flow };

        public long Nodes { get; private set; } = 1;

        public bool ExpectsKey => start is MappingStart && !isKeyRead;

        public void Add(long nodes)
        {
            Nodes += nodes;
            isKeyRead = !isKeyRead;
        }
    }
}
