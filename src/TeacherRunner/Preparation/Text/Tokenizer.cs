using System.Text;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Preparation.Text;

/// <summary>A kind of tokenizer, told by the names of its files.</summary>
/// <param name="Name">For people.</param>
/// <param name="Files">The files, all of which must be there.</param>
/// <param name="Write">Writes its nodes: from the name of a text [1], the options and the files to the name of ids, int64.</param>
internal sealed record Tokenizer(
    string Name, IReadOnlyList<string> Files, Func<GraphWriter, string, TextOptions, IReadOnlyList<ByteString>, string> Write)
{
    /// <summary>Every kind; the first whose files are there is taken.</summary>
    private static readonly Tokenizer[] all =
    [
        new("Hugging Face", ["tokenizer.json", "tokenizer_config.json"], HuggingFace),
        new("WordPiece", ["vocab.txt"], WordPiece),
        new("byte-level BPE", ["vocab.json", "merges.txt"], ByteLevelBpe),
        new("SentencePiece", ["tokenizer.model"], SentencePiece),
        new("SentencePiece", ["spiece.model"], SentencePiece),
        new("SentencePiece", ["sentencepiece.bpe.model"], SentencePiece),
    ];

    private static string Expected => string.Join("; ", all.Select(kind => string.Join(" and ", kind.Files)));

    /// <summary>What fills a WordPiece text up.</summary>
    public const string Pad = "[PAD]";

    private static readonly string[] marks = ["[UNK]", "[SEP]", Pad, "[CLS]", "[MASK]"];

    /// <summary>The tokens of a WordPiece vocabulary, in the order of their ids.</summary>
    public static string[] TokensOf(ByteString vocabulary) => Encoding.UTF8.GetString(vocabulary.Span).Split('\n', StringSplitOptions.TrimEntries);

    /// <summary>Finds the kind of a folder's tokenizer, and reads its files.</summary>
    /// <param name="path">The folder, or one of the tokenizer's files in it.</param>
    /// <exception cref="InputException">The folder holds no known tokenizer, or a file cannot be read.</exception>
    public static (Tokenizer Kind, IReadOnlyList<ByteString> Contents) Open(string path)
    {
        var (folder, named) = File.Exists(path) ? (Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path)) : (path, null);
        if (named is not null && !Array.Exists(all, kind => kind.Files.Contains(named)))
            throw new InputException("The file does not belong to a tokenizer.", path, named, Expected, "name the folder with the tokenizer's files as they were published");
        var kind = Array.Find(all, kind => (named is null || kind.Files.Contains(named)) && kind.Files.All(file => File.Exists(Path.Combine(folder, file)))) ?? throw new InputException(
            "A folder holds no tokenizer that is known.", folder,
            expected: Expected,
            remedy: "give the folder with the tokenizer's files as they were published");
        return (kind, [.. kind.Files.Select(file => ByteString.CopyFrom(Clean(folder, file)))]);
    }

    /// <summary>A file as the operators want it: of lines without a byte order mark and Windows' ends, which they would take for parts of tokens.</summary>
    private static byte[] Clean(string folder, string file)
    {
        var bytes = SourceFolder.Read(folder, file);
        if (!file.EndsWith(".txt", StringComparison.Ordinal))
            return bytes;
        var text = TextLines.WithoutMark(bytes).ToArray();
        return [.. text.Where((value, i) => value != '\r' || i + 1 < text.Length && text[i + 1] != '\n')];
    }

    private static string HuggingFace(GraphWriter graph, string text, TextOptions options, IReadOnlyList<ByteString> files) =>
        Flat(graph, graph.Node(
            "HfJsonTokenizer", [text], 1, ExtensionsLibrary.ContribDomain,
            GraphWriter.Bytes("tokenizer_vocab", files[0]), GraphWriter.Bytes("tokenizer_config", files[1]))[0]);

    private static string WordPiece(GraphWriter graph, string text, TextOptions options, IReadOnlyList<ByteString> files)
    {
        string[] missing = [.. marks.Except(TokensOf(files[0]))];
        if (missing.Length > 0)
            throw new InputException(
                "A vocabulary lacks tokens that its tokenizer needs.", "vocab.txt", $"no line {string.Join(", ", missing)}", $"a line for each of {string.Join(", ", marks)}",
                "give the vocabulary as it was published with the model");
        return graph.Node(
            "BertTokenizer", [text], 3, ExtensionsLibrary.ContribDomain,
            GraphWriter.Bytes("vocab_file", files[0]),
            GraphWriter.Int("do_lower_case", options.LowerCase ? 1 : 0),
            GraphWriter.Int("strip_accents", options.LowerCase ? 1 : 0), // as BERT's own tokenizer does
            GraphWriter.Int("max_length", options.Length))[0]; // cuts before the final [SEP] is added
    }

    private static string ByteLevelBpe(GraphWriter graph, string text, TextOptions options, IReadOnlyList<ByteString> files) =>
        Flat(graph, graph.Node(
            "GPT2Tokenizer", [text], 2, ExtensionsLibrary.ContribDomain,
            GraphWriter.Bytes("vocab", files[0]), GraphWriter.Bytes("merges", files[1]))[0]);

    private static string SentencePiece(GraphWriter graph, string text, TextOptions options, IReadOnlyList<ByteString> files)
    {
        var marks = Flag(options.Marks);
        var ids = graph.Node(
            "SentencepieceTokenizer", [text, graph.Longs(0), graph.Floats([0f], 1), marks, marks, Flag(false)], 2,
            ExtensionsLibrary.ContribDomain,
            GraphWriter.Text("model", Convert.ToBase64String(files[0].Span)))[0]; // an attribute's text ends at the first zero byte
        return graph.Node("Cast", [ids], GraphWriter.Int("to", (long)TensorProto.Types.DataType.Int64));

        string Flag(bool value) => graph.Add(TensorData.Create($"flag_{graph.Count}", ElementType.Bool, [value ? (byte)1 : (byte)0], 1));
    }

    private static string Flat(GraphWriter graph, string ids) => graph.Node("Reshape", [ids, graph.Longs(-1)]);
}
