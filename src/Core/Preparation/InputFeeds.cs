using System.Globalization;

namespace OnnxKd.Core.Preparation;

/// <summary>What one input of a model is fed with, where that is not the samples' input of its name.</summary>
/// <param name="Input">The model's input.</param>
/// <param name="From">The samples' input that it is fed with; <c>null</c>: a constant.</param>
/// <param name="Constant">Otherwise the number that fills it.</param>
public sealed record InputFeed(string Input, string? From, double Constant = 0)
{
    /// <summary>The word for a constant of 0, as states are.</summary>
    public const string Zeros = "zeros";

    /// <summary>The feed as recipes write it: a number, <c>zeros</c>, or a name.</summary>
    public string Text => From ?? (Constant == 0 ? Zeros : Constant.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>Reads a feed as recipes write it.</summary>
    /// <param name="input">The model's input.</param>
    /// <param name="text">A number, <c>zeros</c>, or the name of an input of the samples.</param>
    public static InputFeed Parse(string input, string text) =>
        text == Zeros ? new(input, null)
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? new(input, null, number)
        : new(input, text);
}

/// <summary>What a model's inputs are fed with, apart from those that samples have by the same name.</summary>
/// <param name="All">Each; none: all are the samples'.</param>
public sealed record InputFeeds(IReadOnlyList<InputFeed> All)
{
    /// <summary>How recipes write them.</summary>
    public const string Form = "input: number, `zeros` or name of an input of the samples";

    /// <summary>There are none.</summary>
    public static InputFeeds None { get; } = new([]);

    /// <summary>Whether there are none.</summary>
    public bool AreNone => All.Count == 0;

    /// <summary>The feed of an input; <c>null</c>: it is not mentioned.</summary>
    public InputFeed? Of(string input) => All.FirstOrDefault(feed => feed.Input == input);

    /// <inheritdoc/>
    public bool Equals(InputFeeds? other) => other is not null && All.SequenceEqual(other.All);

    /// <inheritdoc/>
    public override int GetHashCode() => All.Count;

    /// <inheritdoc/>
    public override string ToString() => AreNone ? "none" : string.Join(", ", All.Select(feed => $"{feed.Input}: {feed.Text}"));
}
