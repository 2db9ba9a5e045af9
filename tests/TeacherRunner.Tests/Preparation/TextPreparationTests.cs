using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Preparation;
using OnnxKd.TeacherRunner.Preparation.Text;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

public sealed class TextPreparationTests : IDisposable
{
    private const int Cls = 2, Sep = 3;

    private readonly TemporaryFolder folder = new();

    public TextPreparationTests()
    {
        Directory.CreateDirectory(folder["in"]);
        Directory.CreateDirectory(folder["tokenizer"]);
    }

    [Fact]
    public void Run_WordPiece_IsCutBeforeTheEndMarkAndPadded()
    {
        WordPiece();
        File.WriteAllText(folder["in/text.txt"], "hello world\r\nhello worldly hello world\n\nstrange");

        var result = Run(new() { Length = 6 });

        Assert.Equal(
            [
                [Cls, 5, 6, Sep, 1, 1],
                [Cls, 5, 6, 7, 5, Sep], // of 5, 6 + 7, 5, 6
                [Cls, Sep, 1, 1, 1, 1],
                [Cls, 0, Sep, 1, 1, 1],
            ],
            Rows(result, 6));
        Assert.Equal([4, 6, 2, 3], Column(result, "lengths"));
        Assert.Equal(
            ["text.txt:1", "text.txt:2", "text.txt:3", "text.txt:4"],
            Table(result).Select(line => line.GetProperty("source").GetString()!));
        Assert.Equal(
            new PreparedSource("text.txt:4", "strange"), PreparedSources.Find(Path.Combine(result.Folder, "samples.safetensors"), new HashSet<long> { 3 })[3]);
    }

    [Theory]
    [InlineData(true, 5)]
    [InlineData(false, 0)]
    public void Run_WordPieceOfCapitalsAndAccents_FollowsTheCase(bool lowerCase, int expected)
    {
        WordPiece();
        File.WriteAllText(folder["in/text.txt"], "HÉLLO");

        Assert.Equal([[Cls, expected, Sep]], Rows(Run(new() { Length = 3, LowerCase = lowerCase }), 3));
    }

    [Fact]
    public void Run_FilesAsWindowsWritesThem_FindsTheirTokens()
    {
        File.WriteAllText(folder["tokenizer/vocab.txt"], "\uFEFF[UNK]\r\n[PAD]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\nhello\r\nworld\r\n##ly\r\n");
        File.WriteAllText(folder["in/text.txt"], "\uFEFFhello worldly\r\n");

        Assert.Equal([[Cls, 5, 6, 7, Sep, 1]], Rows(Run(new() { Length = 6 }), 6));
    }

    [Fact]
    public void Run_ByteLevelBpe_MergesInOrder()
    {
        File.WriteAllText(
            folder["tokenizer/vocab.json"], """{"<|endoftext|>":0,"l":1,"o":2,"w":3,"lo":4,"low":5,"Ġ":6,"Ġlow":7,"e":8,"r":9,"er":10}""");
        File.WriteAllText(folder["tokenizer/merges.txt"], "#version: 0.2\nl o\nlo w\nĠ low\ne r\n");
        File.WriteAllText(folder["in/text.txt"], "low lower\nol");

        var result = Run(new() { Length = 5, PadId = 99 });

        Assert.Equal([[5, 7, 10, 99, 99], [2, 1, 99, 99, 99]], Rows(result, 5));
        Assert.Equal([3, 2], Column(result, "lengths"));
    }

    [Fact]
    public void Run_HuggingFaceJson_GivesTheIdsOfItsModel()
    {
        File.WriteAllText(
            folder["tokenizer/tokenizer_config.json"],
            """
            {"tokenizer_class":"GPT2Tokenizer","unk_token":"<|endoftext|>","bos_token":"<|endoftext|>","eos_token":"<|endoftext|>",
             "model_max_length":1024,"add_prefix_space":false}
            """);
        File.WriteAllText(
            folder["tokenizer/tokenizer.json"],
            """
            {"version":"1.0","truncation":null,"padding":null,
             "added_tokens":[{"id":0,"content":"<|endoftext|>","single_word":false,
              "lstrip":false,"rstrip":false,"normalized":true,"special":true}],
             "normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
             "post_processor":null,"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true},
             "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"","fuse_unk":false,
              "vocab":{"<|endoftext|>":0,"l":1,"o":2,"w":3,"lo":4,"low":5,"Ġ":6,"Ġlow":7},"merges":["l o","lo w","Ġ low"]}}
            """);
        File.WriteAllText(folder["in/text.txt"], "low low");

        Assert.Equal([[5, 7, 0, 0]], Rows(Run(new() { Length = 4 }), 4));
    }

    [Theory]
    [InlineData(false, new long[] { 4, 5, 0 })]
    [InlineData(true, new long[] { 1, 4, 5 })]
    public void Run_SentencePiece_TakesTheLikeliestPieces(bool marks, long[] expected)
    {
        File.WriteAllBytes(folder["tokenizer/spiece.model"], SentencePieceModel());
        File.WriteAllText(folder["in/text.txt"], "ab c");

        Assert.Equal([expected], Rows(Run(new() { Length = 3, Marks = marks }), 3));
    }

    [Fact]
    public void Run_LabelsByName_AreNumberedInOrder()
    {
        WordPiece();
        File.WriteAllText(folder["in/text.txt"], "hello\nworld\nhello\n");
        File.WriteAllText(folder["in/labels.txt"], "pos\nneg\npos\n");

        var result = Run(new() { Length = 3 }, labels: folder["in/labels.txt"]);

        Assert.Equal(["neg", "pos"], result.Set.Classes!);
        Assert.Equal([1, 0, 1], Column(result, "labels"));
    }

    [Fact]
    public void Run_LabelsByNumber_AreKeptAndMustBeAsManyAsLines()
    {
        WordPiece();
        File.WriteAllText(folder["in/text.txt"], "hello\nworld");
        File.WriteAllText(folder["in/labels.txt"], "7\n0");

        Assert.Equal([7, 0], Column(Run(new() { Length = 3 }, labels: folder["in/labels.txt"]), "labels"));
        File.WriteAllText(folder["in/labels.txt"], "7");
        var error = Assert.Throws<InputException>(() => Run(new() { Length = 3 }, labels: folder["in/labels.txt"]));
        Assert.Contains("1 labels", error.Message);
    }

    [Fact]
    public void Run_LineThatIsNotUtf8_IsNamedOrSkipped()
    {
        WordPiece();
        File.WriteAllBytes(folder["in/text.txt"], [.. "hello\n"u8, 0xff, 0xfe, (byte)'\n', .. "world"u8]);

        Assert.Contains("text.txt:2", Assert.Throws<InputException>(() => Run(new() { Length = 3 })).Message);
        var result = Run(new() { Length = 3 }, skipCorrupt: true);
        Assert.Equal([[Cls, 5, Sep], [Cls, 6, Sep]], Rows(result, 3));
        Assert.Equal("text.txt:2", Assert.Single(result.Skipped).Source);
    }

    [Fact]
    public void Run_SavedGraph_HoldsTheTokenizer()
    {
        WordPiece();
        File.WriteAllText(folder["in/text.txt"], "hello");
        var result = Run(new() { Length = 4 });
        File.Delete(folder["tokenizer/vocab.txt"]);

        using var session = new PreparationSession(OnnxModel.Load(Path.Combine(result.Folder, "preprocess.onnx")), ElementType.Int64, [4]);

        Assert.Equal([Cls, 6, Sep, 1], MemoryMarshal.Cast<byte, long>(session.Run("world", "line").Values).ToArray());
    }

    [Fact]
    public void Run_FolderWithoutTokenizer_SaysWhatIsKnown()
    {
        File.WriteAllText(folder["in/text.txt"], "hello");

        Assert.Contains("vocab.json and merges.txt", Assert.Throws<InputException>(() => Run(new() { Length = 4 })).Message);
    }

    [Fact]
    public void Run_DamagedVocabulary_SaysWhatIsMissing()
    {
        File.WriteAllText(folder["tokenizer/vocab.txt"], "[UNK]\n[PAD]\n[CLS]\nhello\n");
        File.WriteAllText(folder["in/text.txt"], "hello");

        Assert.Contains("no line [SEP], [MASK]", Assert.Throws<InputException>(() => Run(new() { Length = 4 })).Message);
    }

    [Fact]
    public void Run_FileOfATokenizer_StandsForItsFolder()
    {
        WordPiece();
        File.WriteAllText(folder["in/text.txt"], "hello");
        File.WriteAllText(folder["tokenizer/other.txt"], "hello");

        var (named, other) = (RunWith("tokenizer/vocab.txt"), Assert.Throws<InputException>(() => RunWith("tokenizer/other.txt")));

        Assert.Equal([[2, 5, 3, 1]], Rows(named, 4));
        Assert.Contains("name the folder", other.Message);

        PreparationResult RunWith(string tokenizer) =>
            TextPreparation.Run(folder["in/text.txt"], null, folder[tokenizer], new() { Length = 4 }, new(folder["out"], Threads: 2), null, default);
    }

    public void Dispose() => folder.Dispose();

    // [PAD] is 1, so that padding shows whether its place in the file counts.
    private void WordPiece() =>
        File.WriteAllText(folder["tokenizer/vocab.txt"], "[UNK]\n[PAD]\n[CLS]\n[SEP]\n[MASK]\nhello\nworld\n##ly\n");

    private PreparationResult Run(TextOptions text, string? labels = null, bool skipCorrupt = false) => TextPreparation.Run(
        folder["in/text.txt"], labels, folder["tokenizer"], text, new(folder["out"], skipCorrupt, Threads: 2), null, default);

    private static long[][] Rows(PreparationResult result, int length) => [.. Column(result, "samples").Chunk(length)];

    private static long[] Column(PreparationResult result, string name)
    {
        using var file = SafetensorsFile.Open(Path.Combine(result.Folder, "samples.safetensors"));
        return MemoryMarshal.Cast<byte, long>(file.Bytes(name)).ToArray();
    }

    private static JsonElement[] Table(PreparationResult result) =>
        [.. File.ReadAllLines(Path.Combine(result.Folder, "sources.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>A unigram model: a message of pieces (text, score, kind) and a normaliser that puts a space before the text.</summary>
    private static byte[] SentencePieceModel()
    {
        const int normal = 1, unknown = 2, control = 3;
        using var file = new MemoryStream();
        using var output = new CodedOutputStream(file);
        foreach (var (text, score, kind) in new[]
        {
            ("<unk>", 0f, unknown), ("<s>", 0f, control), ("</s>", 0f, control), ("\u2581", -3f, normal), ("\u2581ab", -1f, normal),
            ("\u2581c", -1f, normal), ("a", -4f, normal), ("b", -4f, normal), ("c", -4f, normal),
        })
            Message(output, 1, piece =>
            {
                piece.WriteTag(1, WireFormat.WireType.LengthDelimited);
                piece.WriteString(text);
                piece.WriteTag(2, WireFormat.WireType.Fixed32);
                piece.WriteFloat(score);
                piece.WriteTag(3, WireFormat.WireType.Varint);
                piece.WriteInt32(kind);
            });
        Message(output, 3, normaliser =>
        {
            for (var flag = 3; flag <= 5; flag++) // dummy prefix, no extra spaces, spaces as U+2581
            {
                normaliser.WriteTag(flag, WireFormat.WireType.Varint);
                normaliser.WriteBool(true);
            }
        });
        output.Flush();
        return file.ToArray();
    }

    private static void Message(CodedOutputStream output, int field, Action<CodedOutputStream> write)
    {
        using var content = new MemoryStream();
        var inner = new CodedOutputStream(content);
        write(inner);
        inner.Flush();
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(content.ToArray()));
    }
}
