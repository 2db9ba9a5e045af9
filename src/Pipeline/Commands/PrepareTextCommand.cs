using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.TeacherRunner.Preparation.Text;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd prepare text FILE</c>.</summary>
internal sealed class PrepareTextCommand : ExampleCommand
{
    private readonly Argument<string> file = new("FILE") { Description = "A text file in UTF-8: one sample a line." };

    private readonly Option<string> tokenizer = new("--tokenizer")
    {
        Description = "The folder of a tokenizer's files, or one of them: tokenizer.json, vocab.txt, vocab.json with merges.txt, or a SentencePiece model.",
        Required = true,
    };

    private readonly Option<string?> labels = new("--labels") { Description = "A file with a class index, or a class name, per line." };

    private readonly Option<int> length = new("--length")
    {
        Description = "Tokens per sample: longer lines are cut, shorter ones are padded.",
        DefaultValueFactory = _ => new TextOptions().Length,
    };

    private readonly Option<int?> padId = new("--pad-id")
    {
        Description = "The id of padding; default: that of [PAD] in vocab.txt, else 0.",
    };

    private readonly Option<bool> lowerCase = new("--lower-case")
    {
        Description = "Turn text into lower case first (vocab.txt of uncased models).",
    };

    private readonly Option<bool> marks = new("--marks") { Description = "Put begin and end marks around each line (SentencePiece)." };

    private readonly PrepareArguments common = new();

    /// <summary>Declares the command.</summary>
    public PrepareTextCommand()
        : base(
            "text",
            "Tokenises the lines of a text file.",
            "onnxkd prepare text reviews.txt -o prepared --tokenizer bert-base-uncased --lower-case --length 128 --labels stars.txt")
    {
        Add(file);
        foreach (var option in new Option[] { tokenizer, labels, length, padId, lowerCase, marks })
            Add(option);
        common.AddTo(this);
        Does(Run);
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <exception cref="InputException">An option, the tokenizer or a line is wrong.</exception>
    private void Run(ParseResult parsed, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var ((options, progress), style) = (common.Begin(parsed, stderr), GlobalOptions.Style(parsed));
        PrepareCommand.Write(
            TextPreparation.Run(parsed.GetValue(file)!, parsed.GetValue(labels), parsed.GetValue(tokenizer)!, ReadText(parsed), options, progress, token), style, stdout);
    }

    private TextOptions ReadText(ParseResult parsed) => new()
    {
        Length = parsed.GetValue(length),
        PadId = parsed.GetValue(padId),
        LowerCase = parsed.GetValue(lowerCase),
        Marks = parsed.GetValue(marks),
    };
}
