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

    /// <summary>Finds the kind of a folder's tokenizer, and reads its files.</summary>
    /// <exception cref="InputException">The folder holds no known tokenizer, or a file cannot be read.</exception>
    public static (Tokenizer Kind, IReadOnlyList<ByteString> Contents) Open(string folder)
    {
        var kind = Array.Find(all, kind => kind.Files.All(file => File.Exists(Path.Combine(folder, file)))) ?? throw new InputException(
            "A folder holds no tokenizer that is known.", folder,
            expected: string.Join("; ", all.Select(k => string.Join(" and ", k.Files))),
            remedy: "give the folder with the tokenizer's files as they were published");
        return (kind, [.. kind.Files.Select(file => ByteString.CopyFrom(file.EndsWith(".txt", StringComparison.Ordinal) ? WithoutReturns(SourceFolder.Read(folder, file)) : SourceFolder.Read(folder, file)))]);
    }

    /// <summary>Lines as they are without Windows' ends: to the operators a carriage return would be a part of each token.</summary>
    private static byte[] WithoutReturns(byte[] text) => [.. text.Where((value, i) => value != '\r' || i + 1 < text.Length && text[i + 1] != '\n')];

    private static string HuggingFace(GraphWriter graph, string text, TextOptions options, IReadOnlyList<ByteString> files) =>
        Flat(graph, graph.Node(
            "HfJsonTokenizer", [text], 1, ExtensionsLibrary.ContribDomain,
            GraphWriter.Bytes("tokenizer_vocab", files[0]), GraphWriter.Bytes("tokenizer_config", files[1]))[0]);

    private static string WordPiece(GraphWriter graph, string text, TextOptions options, IReadOnlyList<ByteString> files) => graph.Node(
        "BertTokenizer", [text], 3, ExtensionsLibrary.ContribDomain,
        GraphWriter.Bytes("vocab_file", files[0]),
        GraphWriter.Int("do_lower_case", options.LowerCase ? 1 : 0),
        GraphWriter.Int("strip_accents", options.LowerCase ? 1 : 0), // as BERT's own tokenizer does
        GraphWriter.Int("max_length", options.Length))[0]; // cuts before the final [SEP] is added

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
