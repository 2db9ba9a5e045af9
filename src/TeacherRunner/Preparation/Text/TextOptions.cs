using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Text;

/// <summary>How lines of text become token ids.</summary>
public sealed record TextOptions
{
    /// <summary>Tokens per sample, special ones included: longer lines are cut, shorter ones are padded.</summary>
    public int Length { get; init; } = 128;

    /// <summary>The id of padding; default: that of <c>[PAD]</c> in a WordPiece vocabulary, else 0.</summary>
    public int? PadId { get; init; }

    /// <summary>Whether WordPiece turns text into lower case first (uncased models); other tokenizers follow their own files.</summary>
    public bool LowerCase { get; init; }

    /// <summary>Whether SentencePiece puts its begin and end marks around each line; other tokenizers follow their own rules.</summary>
    public bool Marks { get; init; }

    /// <summary>Checks that the options make sense.</summary>
    /// <exception cref="InputException">They do not.</exception>
    internal void Validate()
    {
        if (Length is < 3 or > 1 << 20)
            throw new InputException("Text cannot be prepared with these options.", "--length", $"{Length}", $"a number from 3 to {1 << 20}");
        if (PadId < 0)
            throw new InputException("Text cannot be prepared with these options.", "--pad-id", $"{PadId}", "a number from 0 on");
    }
}
